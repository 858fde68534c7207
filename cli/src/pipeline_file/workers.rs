use std::collections::HashSet;
use std::path::Path;

use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use super::entries::WorkerEntry;
use super::mistake::Mistake;
use crate::command::CommandSpec;

/// A worker of a pipeline file.
#[derive(Clone, Debug)]
pub(crate) struct WorkerSpec {
    /// Unique within the file.
    pub(crate) name: String,
    pub(crate) command: CommandSpec,
    pub(crate) restart: Restart,
}

/// When a worker that has ended is started again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Restart {
    /// Never.
    #[default]
    Never,
    /// After a status other than 0, or a signal.
    OnFailure,
    /// Whenever it has ended.
    Always,
}

impl Restart {
    /// Whether the worker starts again after an end.
    pub(crate) fn applies(self, is_success: bool) -> bool {
        match self {
            Self::Never => false,
            Self::OnFailure => !is_success,
            Self::Always => true,
        }
    }
}

/// Validates the workers of a file; errors are added to `mistakes`.
pub(super) fn workers(
    entries: Vec<Spanned<WorkerEntry>>,
    mistakes: &mut Vec<Mistake>,
) -> Vec<WorkerSpec> {
    let mut names = HashSet::new();
    let mut workers = Vec::new();
    for entry in entries {
        let span = entry.span();
        let entry = entry.into_inner();
        let Some(program) = entry.command.get_ref().first().filter(|it| !it.is_empty()) else {
            mistakes.push(Mistake::new(
                entry.command.span(),
                "a command has a program",
            ));
            continue;
        };
        let program = Path::new(program).file_name().unwrap_or_default();
        let program = program.to_string_lossy().into_owned();
        let (name, span) = match entry.name {
            Some(name) => (name.get_ref().clone(), name.span()),
            None => (program, span),
        };
        if name.trim().is_empty() {
            mistakes.push(Mistake::new(span, "a worker has a name"));
        } else if !names.insert(name.clone()) {
            let mistake = Mistake::new(span, format!("two workers have the name `{name}`"));
            mistakes.push(mistake.hint("give each a `name` of its own"));
        }
        workers.push(WorkerSpec {
            name,
            command: CommandSpec {
                command: entry.command.into_inner(),
                directory: entry.directory,
                env: entry.env,
            },
            restart: entry.restart,
        });
    }
    workers
}
