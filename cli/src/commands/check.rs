//! `pipewright check`.

use std::path::PathBuf;

use clap::Args;

use crate::engine_client::connect::Connect;
use crate::engine_client::known_functions::KnownFunctions;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::pipeline_file::{Mistake, PipelineFile, schema};
use crate::spec::Step;
use crate::terminal::output::print;
use crate::terminal::print_error::print_error;

#[derive(Args)]
#[command(after_help = "\
Examples:
  pipewright check pipeline.toml
  pipewright check --online --url ws://127.0.0.1:49134 pipeline.toml
  pipewright check --schema > pipeline.schema.json

The status is 0 if the pipeline can be run, 2 if not, and 3 if `--online` finds no engine.")]
pub(crate) struct Arguments {
    /// The pipeline file; `-` for standard input.
    #[arg(value_name = "FILE", required_unless_present = "schema")]
    file: Option<PathBuf>,
    /// Print the JSON schema of pipeline files instead.
    #[arg(long, conflicts_with_all = ["file", "offline", "online"])]
    schema: bool,
    /// Do not look up the stages. This is the default for a file with workers.
    #[arg(long, conflicts_with = "online")]
    offline: bool,
    /// Fail if no engine is available to look up the stages.
    #[arg(long)]
    online: bool,
    #[command(flatten)]
    connect: Connect,
}

/// Checks whether a pipeline file can be run.
pub(crate) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let Some(path) = arguments.file.filter(|_| !arguments.schema) else {
        print(&format!("{}\n", schema()))?;
        return Ok(());
    };
    let file = PipelineFile::open(&path)?;
    let stages = match file.stages.len() {
        1 => "1 stage".to_owned(),
        count => format!("{count} stages"),
    };
    let workers = match file.workers.len() {
        0 => String::new(),
        1 => " and 1 worker".to_owned(),
        count => format!(" and {count} workers"),
    };
    // The workers of the file register stages that no engine has yet.
    let brings_stages = !workers.is_empty() && !arguments.online;
    if arguments.offline || brings_stages {
        print_error(format_args!(
            "{}: valid, with {stages}{workers}",
            path.display()
        ));
        return Ok(());
    }
    match arguments.connect.worker().await {
        Ok(worker) => {
            compare(&file, &KnownFunctions::ask(&worker).await?)?;
            print_error(format_args!(
                "{}: valid, with {stages} that the engine has",
                path.display()
            ));
        }
        Err(failure) if !arguments.online && failure.exit() == Exit::Unreachable => {
            print_error(format_args!("{}: valid, with {stages}", path.display()));
            print_error(format_args!(
                "note: no engine was found, so the stages were not looked up"
            ));
        }
        Err(failure) => return Err(failure),
    }
    Ok(())
}

/// Rejects a file with stages that the engine does not have, or that do not fit together.
fn compare(file: &PipelineFile, known: &KnownFunctions) -> Result<(), Failure> {
    let missing = file.stages.iter().filter(|stage| known.lacks(&stage.id));
    let mut mistakes: Vec<_> = missing
        .map(|stage| {
            let message = format!("no worker has the stage `{}`", stage.id);
            Mistake::new(stage.span.clone(), message).hint(known.hint(&stage.id))
        })
        .collect();
    mistakes.extend(misfits(file, known));
    if mistakes.is_empty() {
        return Ok(());
    }
    Err(file.refuse(&mistakes))
}

/// Stages that cannot read the items of the stage before them.
fn misfits(file: &PipelineFile, known: &KnownFunctions) -> Vec<Mistake> {
    let pairs = file.spec.steps.windows(2);
    let found = pairs.filter_map(|pair| {
        let [Step::Stage(writer), Step::Stage(reader)] = pair else {
            return None;
        };
        if writer.command.is_some() || reader.command.is_some() {
            return None;
        }
        let reason = known.misfit(&writer.id, &reader.id)?;
        let named = file.stages.iter().find(|stage| stage.id == reader.id)?;
        let message = format!(
            "`{}` cannot read the items of `{}`: {reason}",
            reader.id, writer.id
        );
        let hint = "`pipewright stages --output json` shows the schemas of both";
        Some(Mistake::new(named.span.clone(), message).hint(hint))
    });
    found.collect()
}
