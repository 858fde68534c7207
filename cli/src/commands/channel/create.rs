use clap::Args;

use crate::engine_client::connect::Connect;
use crate::failure::Failure;
use crate::terminal::output::print;

#[derive(Args)]
#[command(after_help = "\
Examples:
  pipewright channel create > refs
  pipewright trigger bytes::count \"$(pipewright channel create | tee refs | tail -n 1)\" &
  pipewright channel write @refs < data.bin

Prints the writer's ref, then the reader's ref, each as JSON on one line. Anyone who has a ref can
open that end once, so protect refs like passwords. If an end is not opened within
some minutes, the engine removes the channel.")]
pub(super) struct Arguments {
    /// Number of frames that the engine buffers for a slow reader; default: chosen by the engine.
    #[arg(long, value_name = "FRAMES")]
    buffer: Option<usize>,
    #[command(flatten)]
    connect: Connect,
}

/// Creates a channel.
pub(super) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let worker = arguments.connect.worker().await?;
    let channel = worker.create_channel(arguments.buffer).await?;
    let writer = serde_json::to_string(&channel.writer_ref)?;
    let reader = serde_json::to_string(&channel.reader_ref)?;
    Ok(print(&format!("{writer}\n{reader}\n"))?)
}
