use std::io;

use clap::{Args, ValueEnum};
use pipewright::{ChannelReader, Direction, Frame, Text, Verdict};
use serde_json::json;

use super::hints;
use super::refs::pick;
use crate::engine_client::connect::Connect;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::log::is_json;
use crate::source::Source;
use crate::terminal::print_error::{SAID, print_error, write_stderr};
use crate::terminal::signals::Signals;
use crate::terminal::stdio::Stdout;
use crate::terminal::table::sanitized;

#[derive(Args)]
#[command(after_help = "\
Examples:
  pipewright channel read @refs > copy.bin
  pipewright channel read \"$ref\" | jq .
  pipewright channel read @refs --messages json 2> messages.ndjson > data

Exit status: 0 for a complete stream, 4 if its writer aborted it, 5 if it is truncated or damaged.
After a failure, standard output contains a part of the stream.")]
pub(super) struct Arguments {
    /// The ref of the reader's end: JSON, `@FILE`, or `-` for standard input. A file may contain
    /// both refs, and keeps them out of the process list.
    #[arg(value_name = "REF")]
    channel_ref: Source,
    /// How to handle messages among the data.
    #[arg(long, value_enum, default_value_t = Messages::Text, value_name = "FORM")]
    messages: Messages,
    #[command(flatten)]
    connect: Connect,
}

#[derive(Clone, Copy, ValueEnum)]
enum Messages {
    /// Write them to standard error, one per line.
    Text,
    /// Write them to standard error as JSON lines, with the number of bytes before them.
    Json,
    /// Ignore them.
    Off,
}

/// Reads a stream to its verdict.
pub(super) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let channel_ref = pick(&arguments.channel_ref.read()?, Direction::Read)?;
    let mut signals = Signals::listen()?;
    let mut reader = ChannelReader::new(&arguments.connect.address()?, &channel_ref);
    let read = tokio::select! {
        read = copy(&mut reader, arguments.messages) => read,
        signal = signals.next() => Err(Failure::new(signal.exit(), "interrupted before the end")),
    };
    let frames = match read {
        Ok(frames) => frames,
        Err(failure) => {
            // Cancelling notifies the writer; a second signal ends the wait for that.
            tokio::select! {
                () = reader.close() => {}
                _ = signals.next() => {}
            }
            return Err(failure);
        }
    };
    if let Some(Verdict::CompleteUnverified) = reader.report().verdict {
        // Some engines close an end like this if it was used before, or if it has no writer.
        if frames == 0 {
            let told = "the channel was closed before any data arrived";
            return Err(Failure::new(Exit::Truncated, told).hint(
                "this end was used before, no writer ever connected, or a writer that sends no totals \
                 sent nothing; create a channel for each stream",
            ));
        }
        print_error(
            "note: the stream ended cleanly, but its writer sent no totals to compare with; it \
             may be incomplete",
        );
    }
    Ok(())
}

/// Returns the number of frames.
async fn copy(reader: &mut ChannelReader, messages: Messages) -> Result<u64, Failure> {
    let mut stdout = Stdout::new()?;
    let (mut bytes, mut frames) = (0, 0);
    while let Some(frame) = reader.next_frame().await.map_err(hints::read)? {
        frames += 1;
        match frame {
            Frame::Data(data) => {
                bytes += data.len() as u64;
                stdout.write(data).await?;
            }
            Frame::Message(text) => pass_on(&text, bytes, messages)?,
        }
    }
    Ok(frames)
}

/// Writes a user message to standard error.
fn pass_on(text: &Text, bytes: u64, messages: Messages) -> io::Result<()> {
    let line = match messages {
        Messages::Text if is_json() => {
            tracing::info!(target: SAID, at_byte = bytes, "{}", &**text);
            return Ok(());
        }
        Messages::Text => sanitized(text),
        Messages::Json => json!({ "at_byte": bytes, "message": &**text }).to_string(),
        Messages::Off => return Ok(()),
    };
    write_stderr(format!("{line}\n").as_bytes())
}
