use clap::Args;

use crate::connect::Connect;
use crate::failure::Failure;
use crate::output::print;

#[derive(Args)]
#[command(after_help = "\
Examples:
  pipewright channel create > refs
  pipewright trigger bytes::count \"$(pipewright channel create | tee refs | tail -n 1)\" &
  pipewright channel write @refs < data.bin

The ref of the writer's end comes first, that of the reader's end second, each as JSON on a line of
its own. Whoever has a ref can open that end, once: keep them as you would a password. A channel
that nobody opens is removed by the engine after some minutes.")]
pub(super) struct Arguments {
    /// Frames that the engine holds for a slow reader; the engine chooses unless told.
    #[arg(long, value_name = "FRAMES")]
    buffer: Option<usize>,
    #[command(flatten)]
    connect: Connect,
}

/// Makes a channel.
pub(super) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let worker = arguments.connect.worker().await?;
    let channel = worker.create_channel(arguments.buffer).await?;
    let writer = serde_json::to_string(&channel.writer_ref)?;
    let reader = serde_json::to_string(&channel.reader_ref)?;
    Ok(print(&format!("{writer}\n{reader}\n"))?)
}
