//! `pipewright trigger`.

use std::time::Duration;

use clap::Args;
use pipewright::{CallError, Payload};

use crate::engine_client::connect::Connect;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::source::Source;
use crate::terminal::output::print;
use crate::terminal::units::duration;

#[derive(Args)]
#[command(after_help = "\
Examples:
  pipewright trigger text::upper '\"abc\"'
  pipewright trigger orders::create @order.json --timeout 2min
  jq -n '{n: 5}' | pipewright trigger numbers::sum - | jq .total
  pipewright trigger log::rotate --void

The result is printed to standard output unchanged. If the function fails, the exit status is 4.")]
pub(crate) struct Arguments {
    /// Id of the function.
    #[arg(value_name = "ID")]
    id: String,
    /// The payload: JSON, `@FILE`, or `-` for standard input.
    #[arg(value_name = "JSON", default_value = "{}")]
    payload: Source,
    /// Timeout of the call.
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = duration)]
    timeout: Duration,
    /// Do not wait for a result, so its success is not known.
    #[arg(long)]
    void: bool,
    #[command(flatten)]
    connect: Connect,
}

/// Calls a function and prints its result.
pub(crate) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let text = arguments.payload.read()?;
    let payload = serde_json::from_str::<Payload>(&text).map_err(|error| {
        let told = format!("{} is not JSON: {error}", arguments.payload);
        Failure::new(Exit::Usage, told)
            .hint("a string needs quotes within those of the shell: '\"text\"'")
    })?;
    let worker = arguments.connect.worker().await?;
    let call = worker
        .trigger(arguments.id, &payload)
        .timeout(arguments.timeout);
    if arguments.void {
        return call.void().await.map_err(failed);
    }
    let result = call.await.map_err(failed)?;
    Ok(print(&format!("{}\n", result.as_json()))?)
}

fn failed(error: CallError) -> Failure {
    let hint = match &error {
        CallError::FunctionNotFound { .. } => "`pipewright functions` lists what there is",
        CallError::Timeout { .. } => "the function may still run; wait longer with `--timeout`",
        CallError::Failed { error, .. } if error.code == "FORBIDDEN" => {
            "the role of this token does not allow it; see `pipewright engine --help`"
        }
        CallError::Failed { .. } => {
            "see the function's own worker, or its documentation, for the payload"
        }
        _ => return error.into(),
    };
    Failure::from(error).hint(hint)
}
