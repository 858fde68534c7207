use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use toml::Spanned;

use super::entries::{FileEntry, PartitionEntry, StepEntry};
use super::mistake::Mistake;
use super::pipeline_file::{Named, Retry};
use super::workers::{WorkerSpec, workers};
use crate::command::CommandSpec;
use crate::spec::{PipelineSpec, StageStep, Step, StreamFormat};
use crate::terminal::units::duration;

/// The result of validating a file.
pub(super) struct Lowered {
    pub(super) spec: PipelineSpec,
    pub(super) input: Option<PathBuf>,
    pub(super) output: Option<PathBuf>,
    pub(super) retry: Option<Retry>,
    pub(super) stages: Vec<Named>,
    pub(super) workers: Vec<WorkerSpec>,
}

/// Validates the entries of a file, and returns a pipeline or all errors.
pub(super) fn lower(file: FileEntry) -> Result<Lowered, Vec<Mistake>> {
    let mut lowering = Lowering::default();
    let deadline = file.deadline.map(|text| lowering.time(&text));
    let retry = file.retry.map(|retry| Retry {
        times: retry.times,
        wait: retry.wait.map_or(Retry::WAIT, |text| lowering.time(&text)),
    });
    let workers = workers(file.worker, &mut lowering.mistakes);
    let entries = match file.steps {
        Some(steps) if steps.get_ref().is_empty() => {
            lowering.refuse(steps.span(), "a pipeline has a step at the least");
            Vec::new()
        }
        Some(steps) => steps.into_inner(),
        None => {
            if workers.is_empty() && lowering.mistakes.is_empty() {
                lowering.refuse(0..usize::MAX, "missing field `steps`, or `worker`");
            }
            Vec::new()
        }
    };
    let (steps, _) = lowering.steps(entries, file.format);
    if !lowering.mistakes.is_empty() {
        lowering.mistakes.sort_by_key(|mistake| mistake.span.start);
        return Err(lowering.mistakes);
    }
    Ok(Lowered {
        spec: PipelineSpec {
            format: file.format,
            steps,
            deadline,
            metadata: file.metadata,
            ..PipelineSpec::default()
        },
        input: file.input,
        output: file.output,
        retry,
        stages: lowering.stages,
        workers,
    })
}

#[derive(Default)]
struct Lowering {
    mistakes: Vec<Mistake>,
    stages: Vec<Named>,
}

/// Why a branch must not end in bytes.
const MIXED_UP: &str =
    "a branch must not end in bytes, which would be mixed up with those of the other branches";

/// The fields that determine the kind of a step.
const KINDS: [&str; 5] = ["stage", "command", "tee", "broadcast", "partition"];

impl Lowering {
    fn refuse(&mut self, span: Range<usize>, message: impl Into<String>) {
        self.mistakes.push(Mistake::new(span, message));
    }

    fn time(&mut self, text: &Spanned<String>) -> Duration {
        duration(text.get_ref()).unwrap_or_else(|error| {
            let message = format!("this is no time: {error}");
            let mistake = Mistake::new(text.span(), message);
            self.mistakes
                .push(mistake.hint("write a number and its unit, such as `90s` or `10min`"));
            Duration::ZERO
        })
    }

    /// Converts steps whose input has the format `reads`. Returns them with their output format.
    fn steps(
        &mut self,
        entries: Vec<Spanned<StepEntry>>,
        mut reads: StreamFormat,
    ) -> (Vec<Step>, StreamFormat) {
        let mut steps = Vec::new();
        for entry in entries {
            if let Some(step) = self.step(entry, reads) {
                reads = step.writes(reads);
                steps.push(step);
            }
        }
        (steps, reads)
    }

    fn step(&mut self, entry: Spanned<StepEntry>, reads: StreamFormat) -> Option<Step> {
        let span = entry.span();
        let entry = entry.into_inner();
        let given: Vec<_> = fields(&entry).into_iter().flatten().collect();
        let kinds: Vec<_> = given
            .iter()
            .filter(|field| KINDS.contains(&field.name))
            .collect();
        let [kind] = kinds[..] else {
            if let Some(second) = kinds.get(1) {
                let names = (kinds[0].name, second.name);
                let message = format!("a step is a `{}` or a `{}`, not both", names.0, names.1);
                self.refuse(second.span.clone(), message);
            } else {
                let message =
                    "a step has one of `stage`, `command`, `tee`, `broadcast` and `partition`";
                self.refuse(span, message);
            }
            return None;
        };
        for field in given.iter().filter(|field| !belongs(field.name, kind.name)) {
            let message = format!("`{}` does not belong to a `{}`", field.name, kind.name);
            self.refuse(field.span.clone(), message);
        }
        let at = kind.span.clone();
        if let Some(id) = entry.stage {
            let settings = Settings {
                params: entry.params,
                writes: entry.writes,
                copies: entry.copies,
                ordered: entry.ordered,
            };
            return Some(self.stage(id, settings, reads));
        }
        if let Some(command) = entry.command {
            if command.get_ref().is_empty() {
                self.refuse(command.span(), "a command has a program");
                return None;
            }
            let spec = CommandSpec {
                command: command.into_inner(),
                directory: entry.directory.map(Spanned::into_inner),
                env: entry.env.map(Spanned::into_inner).unwrap_or_default(),
            };
            return Some(Step::Stage(StageStep {
                writes: entry.writes.map(Spanned::into_inner),
                ..StageStep::command(spec)
            }));
        }
        if let Some(file) = entry.tee {
            let steps = entry.steps.map(Spanned::into_inner).unwrap_or_default();
            let (steps, _) = self.steps(steps, reads);
            let file = file.into_inner();
            return Some(Step::Tee { file, steps });
        }
        self.needs_items(&at, kind.name, reads);
        if let Some(branches) = entry.broadcast {
            return Some(self.broadcast(branches, reads));
        }
        let partition = entry.partition?.into_inner();
        let steps = entry.steps.map(Spanned::into_inner).unwrap_or_default();
        if steps.is_empty() {
            self.refuse(at, "a partition has `steps`, for each of its branches");
            return None;
        }
        Some(self.partition(&at, partition, steps, reads))
    }

    fn stage(&mut self, id: Spanned<String>, settings: Settings, reads: StreamFormat) -> Step {
        let span = id.span();
        let mut stage = StageStep::new(id.into_inner());
        if stage.id.trim().is_empty() {
            self.refuse(span.clone(), "a stage has an id");
        }
        self.stages.push(Named {
            id: stage.id.clone(),
            span,
        });
        stage.params = settings.params.map(Spanned::into_inner).unwrap_or_default();
        stage.writes = settings.writes.as_ref().map(|writes| *writes.get_ref());
        if let Some(copies) = settings.copies {
            stage.copies = *copies.get_ref();
            match stage.copies {
                0 => self.refuse(copies.span(), "a stage runs in one copy at the least"),
                1 => {}
                _ => {
                    self.needs_items(&copies.span(), "copies", reads);
                    if stage.writes == Some(StreamFormat::Bytes) {
                        let span = settings
                            .writes
                            .map_or(copies.span(), |writes| writes.span());
                        let message = "copies must write items, because bytes would be mixed up";
                        self.refuse(span, message);
                    }
                }
            }
        }
        if let Some(ordered) = settings.ordered {
            stage.ordered = *ordered.get_ref();
            if stage.copies < 2 {
                self.refuse(
                    ordered.span(),
                    "one copy is always in order; `ordered` is for `copies`",
                );
            }
        }
        Step::Stage(stage)
    }

    fn broadcast(
        &mut self,
        branches: Spanned<Vec<Vec<Spanned<StepEntry>>>>,
        reads: StreamFormat,
    ) -> Step {
        let span = branches.span();
        let branches: Vec<_> = branches
            .into_inner()
            .into_iter()
            .map(|steps| {
                let at = steps.first().map(Spanned::span);
                (at, self.steps(steps, reads))
            })
            .collect();
        let writes = branches.first().map_or(reads, |(_, (_, writes))| *writes);
        if branches.is_empty() {
            self.refuse(span.clone(), "a broadcast needs at least one branch");
        }
        for (at, (_, other)) in &branches {
            let at = || at.clone().unwrap_or_else(|| span.clone());
            if *other != writes {
                let message =
                    format!("this branch outputs {other}, but the first branch outputs {writes}");
                self.refuse(at(), message);
            } else if *other == StreamFormat::Bytes && reads != StreamFormat::Bytes {
                self.refuse(at(), MIXED_UP);
            }
        }
        Step::Broadcast {
            branches: branches.into_iter().map(|(_, (steps, _))| steps).collect(),
            writes,
        }
    }

    fn partition(
        &mut self,
        at: &Range<usize>,
        entry: PartitionEntry,
        steps: Vec<Spanned<StepEntry>>,
        reads: StreamFormat,
    ) -> Step {
        if *entry.into.get_ref() == 0 {
            self.refuse(entry.into.span(), "a partition needs at least one branch");
        }
        if let Some(by) = &entry.by {
            let pointer = by.get_ref();
            if !pointer.is_empty() && !pointer.starts_with('/') {
                let mistake = Mistake::new(by.span(), "this is no JSON pointer");
                let hint = format!("write `/{}`", pointer.replace('.', "/"));
                self.mistakes.push(mistake.hint(hint));
            }
            if reads == StreamFormat::Lines {
                self.refuse(
                    by.span(),
                    "a line of text has no fields; without `by` it is its own key",
                );
            }
        }
        let (steps, writes) = self.steps(steps, reads);
        if writes == StreamFormat::Bytes && reads != StreamFormat::Bytes {
            self.refuse(at.clone(), MIXED_UP);
        }
        Step::Partition {
            by: entry.by.map(Spanned::into_inner),
            into: entry.into.into_inner(),
            steps,
            writes,
        }
    }

    /// Rejects splitting bytes, which have no item boundaries.
    fn needs_items(&mut self, at: &Range<usize>, what: &str, reads: StreamFormat) {
        if reads == StreamFormat::Bytes {
            let message = format!("`{what}` needs items, and what comes in here is bytes");
            let mistake = Mistake::new(at.clone(), message);
            self.mistakes.push(mistake.hint(
                "say what the stage before `writes`, or at the beginning what `format` the input has: `ndjson` or `lines`",
            ));
        }
    }
}

/// The settings of a stage.
struct Settings {
    params: Option<Spanned<Value>>,
    writes: Option<Spanned<StreamFormat>>,
    copies: Option<Spanned<usize>>,
    ordered: Option<Spanned<bool>>,
}

/// A field and its presence.
struct Field {
    name: &'static str,
    span: Range<usize>,
}

fn fields(entry: &StepEntry) -> [Option<Field>; 12] {
    fn field<T>(name: &'static str, value: Option<&Spanned<T>>) -> Option<Field> {
        let span = value?.span();
        Some(Field { name, span })
    }
    [
        field("stage", entry.stage.as_ref()),
        field("command", entry.command.as_ref()),
        field("directory", entry.directory.as_ref()),
        field("env", entry.env.as_ref()),
        field("tee", entry.tee.as_ref()),
        field("broadcast", entry.broadcast.as_ref()),
        field("partition", entry.partition.as_ref()),
        field("params", entry.params.as_ref()),
        field("writes", entry.writes.as_ref()),
        field("copies", entry.copies.as_ref()),
        field("ordered", entry.ordered.as_ref()),
        field("steps", entry.steps.as_ref()),
    ]
}

/// Whether a field is allowed in a step of a kind.
fn belongs(field: &str, kind: &str) -> bool {
    match field {
        "params" | "copies" | "ordered" => kind == "stage",
        "writes" => matches!(kind, "stage" | "command"),
        "directory" | "env" => kind == "command",
        "steps" => matches!(kind, "tee" | "partition"),
        _ => true,
    }
}
