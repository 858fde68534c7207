//! `pipewright serve`.

use std::path::PathBuf;

use clap::Args;
use pipewright::{RegistrationExt, StageExt};

use crate::command::{CommandSpec, command, limit};
use crate::engine_client::connect::Connect;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::output::print;
use crate::terminal::signals::Signals;

#[derive(Args)]
#[command(after_help = "\
Examples:
  pipewright serve --id bytes::gzip -- gzip -9
  pipewright serve --id users::names --shared -- jq -c .user.name
  pipewright serve --id text::sorted --env LC_ALL=C --concurrency 2 -- sort
  pipewright serve --id words::count -- sh -c 'tr -s \" \" \"\\n\" | sort | uniq -c'

Each run of the stage starts the command. Its standard input and output are the stream, and its
standard error is shown. If it fails, so does the run: the cause has the status or the signal, and
the end of its standard error. It may end before its input does. No shell reads the command.

On Ctrl-C, runs that are under way are finished first. A run that is cancelled ends the command and
the processes that it has started: by SIGTERM, and by SIGKILL after 2 s.")]
pub(super) struct Arguments {
    /// The id of the stage.
    #[arg(long, value_name = "ID")]
    id: String,
    /// Serve the stage together with other workers that share it.
    #[arg(long)]
    shared: bool,
    /// Maximum number of commands to run concurrently; further runs wait [default: no limit].
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    concurrency: Option<u32>,
    /// Run the command in this directory.
    #[arg(long, value_name = "DIR")]
    directory: Option<PathBuf>,
    /// Set an environment variable of the command. May be given several times.
    #[arg(long, value_name = "NAME=VALUE", value_parser = variable)]
    env: Vec<(String, String)>,
    /// Description of the stage for `pipewright stages` [default: the command].
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// The command and its arguments.
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<String>,
    #[command(flatten)]
    connect: Connect,
}

/// Registers a command as a stage and serves it until the program is asked to stop.
pub(super) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let mut signals = Signals::listen()?;
    let spec = CommandSpec {
        command: arguments.command,
        directory: arguments.directory,
        env: arguments.env.into_iter().collect(),
    };
    if let Some(commands) = arguments.concurrency {
        limit(usize::try_from(commands).unwrap_or(usize::MAX));
    }
    let description = arguments.description.unwrap_or_else(|| spec.line());
    let worker = arguments.connect.worker().await?;
    let stage = command.with_params(spec).with_id(arguments.id.as_str());
    let registration = worker.register(stage.with_description(description));
    let registration = if arguments.shared {
        registration.shared()
    } else {
        registration
    };
    registration?;
    worker.registered().await?;
    print(&format!(
        "serving {} at {}\n",
        arguments.id,
        worker.address()
    ))?;
    tokio::select! {
        _ = signals.next() => {}
        closed = worker.closed() => {
            let message = format!("the worker stopped serving: {closed}");
            return Err(Failure::new(Exit::Unreachable, message));
        }
    }
    tokio::select! {
        finished = worker.shutdown() => Ok(finished?),
        signal = signals.next() => {
            let message = "interrupted before every run had finished";
            Err(Failure::new(signal.exit(), message))
        }
    }
}

fn variable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write NAME=VALUE".to_owned()),
    }
}
