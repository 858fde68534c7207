use std::path::Path;

use crate::pipeline_file::PipelineFile;
use crate::spec::{StageStep, Step, StreamFormat};
use crate::terminal::table::sanitized;

/// The pipeline as indented lines.
pub(super) fn draw(file: &PipelineFile) -> String {
    let mut lines = Vec::new();
    let input = name(file.input.as_deref(), "standard input");
    lines.push(format!("{input}, {}", file.spec.format));
    add(&file.spec.steps, file.spec.format, 1, &mut lines);
    let output = name(file.output.as_deref(), "standard output");
    lines.push(format!("-> {output}"));
    let lines = lines.iter().map(|line| format!("{}\n", sanitized(line)));
    lines.collect()
}

fn add(steps: &[Step], mut format: StreamFormat, depth: usize, lines: &mut Vec<String>) {
    for step in steps {
        let indent = "  ".repeat(depth);
        let writes = step.writes(format);
        match step {
            Step::Stage(stage) => {
                let change = match stage.writes {
                    Some(writes) if writes != format => format!(", writes {writes}"),
                    _ => String::new(),
                };
                lines.push(format!("{indent}{}{change}", title(stage)));
            }
            Step::Tee { file, steps } => {
                lines.push(format!("{indent}tee"));
                add(steps, format, depth + 1, lines);
                lines.push(format!("{indent}  -> {}", file.display()));
            }
            Step::Broadcast { branches, .. } => {
                lines.push(format!("{indent}broadcast to {} branches", branches.len()));
                for (number, branch) in branches.iter().enumerate() {
                    lines.push(format!("{indent}  branch {}", number + 1));
                    if branch.is_empty() {
                        lines.push(format!("{indent}    as it is"));
                    }
                    add(branch, format, depth + 2, lines);
                }
            }
            Step::Partition {
                by, into, steps, ..
            } => {
                lines.push(format!(
                    "{indent}{} into {into} branches, each",
                    parting(by.as_deref())
                ));
                add(steps, format, depth + 1, lines);
            }
        }
        format = writes;
    }
}

/// A stage with its settings.
pub(super) fn title(stage: &StageStep) -> String {
    let mut title = stage.id.clone();
    if let Some(params) = stage.params.as_object() {
        for (key, value) in params {
            title = format!("{title} {key}={value}");
        }
    }
    if stage.copies > 1 {
        let order = if stage.ordered { " in order" } else { "" };
        title = format!("{title}, {} copies{order}", stage.copies);
    }
    title
}

/// Describes how items are distributed.
pub(super) fn parting(by: Option<&str>) -> String {
    match by {
        Some(pointer) => format!("partition by {pointer}"),
        None => "partition by the whole item".to_owned(),
    }
}

pub(super) fn name(path: Option<&Path>, without: &str) -> String {
    match path {
        Some(path) if path != "-" => path.display().to_string(),
        _ => without.to_owned(),
    }
}
