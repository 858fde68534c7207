//! `pipewright check`.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;

use super::connect::Connect;
use super::exit::Exit;
use super::failure::Failure;
use super::known::Known;
use super::pipeline_file::{Mistake, PipelineFile, schema};
use super::tell::tell;

#[derive(Args)]
#[command(after_help = "\
Examples:
  pipewright check pipeline.toml
  pipewright check --online --url ws://127.0.0.1:49134 pipeline.toml
  pipewright check --schema > pipeline.schema.json

The status is 0 if the pipeline can be run, 2 if not, and 3 if `--online` finds no engine.")]
pub(super) struct Arguments {
    /// The pipeline file.
    #[arg(value_name = "FILE", required_unless_present = "schema")]
    file: Option<PathBuf>,
    /// Print the JSON schema of pipeline files instead.
    #[arg(long, conflicts_with_all = ["file", "offline", "online"])]
    schema: bool,
    /// Do not look up the stages.
    #[arg(long, conflicts_with = "online")]
    offline: bool,
    /// Fail if no engine is available to look up the stages.
    #[arg(long)]
    online: bool,
    #[command(flatten)]
    connect: Connect,
}

/// Checks whether a pipeline file can be run.
pub(super) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let Some(path) = arguments.file.filter(|_| !arguments.schema) else {
        writeln!(io::stdout(), "{}", schema())?;
        return Ok(());
    };
    let file = PipelineFile::open(&path)?;
    let stages = match file.stages.len() {
        1 => "1 stage".to_owned(),
        count => format!("{count} stages"),
    };
    if arguments.offline {
        tell(format_args!("{}: good, with {stages}", path.display()));
        return Ok(());
    }
    match arguments.connect.worker().await {
        Ok(worker) => {
            compare(&file, &Known::ask(&worker).await?)?;
            tell(format_args!(
                "{}: good, with {stages} that the engine has",
                path.display()
            ));
        }
        Err(failure) if !arguments.online && failure.exit() == Exit::Unreachable => {
            tell(format_args!("{}: good, with {stages}", path.display()));
            tell(format_args!(
                "note: no engine was found, so the stages were not looked up"
            ));
        }
        Err(failure) => return Err(failure),
    }
    Ok(())
}

/// Rejects a file with stages that the engine does not have.
fn compare(file: &PipelineFile, known: &Known) -> Result<(), Failure> {
    let missing = file.stages.iter().filter(|stage| !known.has(&stage.id));
    let mistakes: Vec<_> = missing
        .map(|stage| {
            let message = format!("no worker has the stage `{}`", stage.id);
            Mistake::new(stage.span.clone(), message).hint(known.hint(&stage.id))
        })
        .collect();
    if mistakes.is_empty() {
        return Ok(());
    }
    Err(file.refuse(&mistakes))
}
