//! Parses the command line.

use clap::builder::{OsStr, Resettable};
use clap::error::ErrorKind;
use clap::{Command, CommandFactory, FromArgMatches};

use crate::Arguments;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::log;

/// Parses the arguments of this process. For `--help` and `--version` it ends the process.
///
/// # Errors
///
/// If the command line is invalid.
pub(super) fn parse() -> Result<Arguments, Failure> {
    let mut command = ignoring_empty_variables(Arguments::command());
    let matches = command.try_get_matches_from_mut(std::env::args_os());
    let parsed = matches.and_then(|mut matches| Arguments::from_arg_matches_mut(&mut matches));
    parsed.map_err(|error| {
        let is_failure = error.use_stderr()
            && error.kind() != ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
        if !is_failure || !wants_json() {
            error.format(&mut command).exit();
        }
        log::begin_json();
        let text = error.format(&mut command).render().to_string();
        let text = text.trim();
        let (message, details) = text.split_once("\n\n").unwrap_or((text, ""));
        let message = message.strip_prefix("error: ").unwrap_or(message);
        let failure = Failure::new(Exit::Usage, message);
        if details.is_empty() {
            failure
        } else {
            failure.after(details)
        }
    })
}

/// Treats an environment variable without a value as not set.
fn ignoring_empty_variables(command: Command) -> Command {
    let command = command.mut_args(|argument| {
        let value = argument.get_env().map(std::env::var_os);
        match value.flatten() {
            Some(value) if value.to_string_lossy().trim().is_empty() => {
                argument.env(Resettable::<OsStr>::Reset)
            }
            _ => argument,
        }
    });
    command.mut_subcommands(ignoring_empty_variables)
}

/// Whether a command line that cannot be parsed requests the log format JSON.
fn wants_json() -> bool {
    let mut arguments = std::env::args_os().skip(1);
    let mut given = None;
    while let Some(argument) = arguments.next() {
        if argument == "--" {
            break;
        } else if argument == "--log-format" {
            given = arguments.next();
        } else if let Some(value) = argument
            .to_str()
            .and_then(|a| a.strip_prefix("--log-format="))
        {
            given = Some(value.into());
        }
    }
    let given = given.or_else(|| std::env::var_os("PIPEWRIGHT_LOG_FORMAT"));
    given.is_some_and(|format| format == "json")
}
