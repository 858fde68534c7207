use bytes::BytesMut;
use clap::{Args, ValueEnum};
use pipewright::format::{Encode, Json, Lines};
use pipewright::{Abort, ChannelWriter, Direction, Error, MAX_FRAME, Payload, SendError, Sender};
use tokio::io::{AsyncReadExt, BufReader};

use super::hints;
use super::lines::InputLines;
use super::refs::pick;
use crate::convert::ItemLimit;
use crate::engine_client::connect::Connect;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::source::Source;
use crate::terminal::signals::{Signals, StopSignal};
use crate::terminal::stdio::Stdin;

#[derive(Args)]
#[command(after_help = "\
Examples:
  pipewright channel write @refs < original.bin
  journalctl -f -o json | pipewright channel write \"$ref\" --format ndjson
  (head -n 1 refs; cat original.bin) | pipewright channel write -
  pipewright channel write @refs --format lines --max-item-bytes 1MiB < app.log

The stream ends with standard input, for whatever reason: set `pipefail` to detect a failure of the
command before this one. If this program fails or is interrupted, the stream is aborted and never
looks complete to its reader.

Exit status: 0 if the engine has the whole stream, 1 if its reader closed before the end.")]
pub(super) struct Arguments {
    /// The ref of the writer's end: JSON, `@FILE`, or `-` for the first line of standard input,
    /// before the data. A file may contain both refs, and keeps them out of the process list.
    #[arg(value_name = "REF")]
    channel_ref: Source,
    /// The format of standard input. Items are checked, counted and described in the header.
    #[arg(long, value_enum, default_value_t = Format::Bytes, value_name = "FORMAT")]
    format: Format,
    #[command(flatten)]
    item_limit: ItemLimit,
    /// Write only the bytes, for a reader without pipewright. It cannot detect a truncated stream.
    #[arg(long)]
    plain: bool,
    #[command(flatten)]
    connect: Connect,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// Arbitrary bytes.
    Bytes,
    /// One JSON value per line.
    Ndjson,
    /// Lines of UTF-8 text.
    Lines,
}

/// Writes standard input to a channel and ends the stream, or aborts it.
pub(super) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let mut input = InputLines::new(Stdin::new()?, arguments.item_limit.bytes());
    let text = match &arguments.channel_ref {
        Source::Stdin => first_line(&mut input).await?,
        source => source.read()?,
    };
    let channel_ref = pick(&text, Direction::Write)?;
    // From here on, a signal must abort the stream.
    let mut signals = Signals::listen()?;
    let writer = ChannelWriter::new(&arguments.connect.address()?, &channel_ref);
    let writer = if arguments.plain {
        writer.plain()
    } else {
        writer
    };
    match arguments.format {
        Format::Bytes => bytes(writer, input.into_rest(), &mut signals).await,
        Format::Ndjson => items::<Payload, Json>(writer, input, &mut signals, json).await,
        Format::Lines => items::<String, Lines>(writer, input, &mut signals, line).await,
    }
}

async fn first_line(input: &mut InputLines<Stdin>) -> Result<String, Failure> {
    let line = input.next().await?.unwrap_or_default();
    Ok(String::from_utf8_lossy(&line).into_owned())
}

async fn bytes(
    mut writer: ChannelWriter,
    mut input: BufReader<Stdin>,
    signals: &mut Signals,
) -> Result<(), Failure> {
    let written = tokio::select! {
        written = copy(&mut writer, &mut input) => written,
        signal = signals.next() => Err(interrupted(signal)),
    };
    let Err(failure) = written else {
        return Ok(());
    };
    tokio::select! {
        // If the reader cannot be notified, it detects the missing end.
        _ = writer.abort(abort(&failure)) => {}
        _ = signals.next() => {}
    }
    Err(failure)
}

async fn copy(writer: &mut ChannelWriter, input: &mut BufReader<Stdin>) -> Result<(), Failure> {
    // Reports an invalid ref before there is any input.
    writer.connect().await.map_err(hints::write)?;
    let mut buffer = BytesMut::new();
    loop {
        buffer.reserve(MAX_FRAME);
        let read = tokio::select! {
            read = input.read_buf(&mut buffer) => read?,
            error = writer.gone() => return Err(hints::write(error)),
        };
        if read == 0 {
            break;
        }
        writer
            .write(buffer.split().freeze())
            .await
            .map_err(hints::write)?;
        // A partial buffer: the source has paused, and the reader need not wait.
        if read < MAX_FRAME {
            writer.flush().await.map_err(hints::write)?;
        }
    }
    writer.close().await.map_err(hints::write)
}

/// Sends each line of the input as an item.
async fn items<T, F: Encode<T>>(
    writer: ChannelWriter,
    mut input: InputLines<Stdin>,
    signals: &mut Signals,
    item: impl Fn(&[u8]) -> Result<Option<T>, Error>,
) -> Result<(), Failure>
where
    T: Send + Sync + 'static,
{
    let mut sender = Sender::<T, F>::new(writer);
    let sent = tokio::select! {
        sent = send(&mut sender, &mut input, item) => sent,
        signal = signals.next() => Err(interrupted(signal)),
    };
    let Err(failure) = sent else {
        return Ok(());
    };
    tokio::select! {
        _ = sender.abort(abort(&failure)) => {}
        _ = signals.next() => {}
    }
    Err(failure)
}

async fn send<T, F: Encode<T>>(
    sender: &mut Sender<T, F>,
    input: &mut InputLines<Stdin>,
    item: impl Fn(&[u8]) -> Result<Option<T>, Error>,
) -> Result<(), Failure>
where
    T: Send + Sync + 'static,
{
    sender.flush().await.map_err(hints::write)?;
    let first = input.number() + 1;
    loop {
        let line = match input.next().await {
            Ok(Some(line)) => line,
            Ok(None) => break,
            Err(error) => {
                // An abort overtakes what was not sent, and the lines before this one are good.
                sender.flush().await.map_err(hints::write)?;
                return Err(error.into());
            }
        };
        let number = input.number();
        let line = match line.strip_prefix(b"\xef\xbb\xbf") {
            Some(rest) if number == first => rest,
            _ => &line,
        };
        match item(line) {
            Ok(Some(item)) => sender.send(item).await.map_err(unsent)?,
            Ok(None) => {}
            Err(error) => {
                // An abort overtakes what was not sent, and the lines before this one are good.
                sender.flush().await.map_err(hints::write)?;
                let told = format!("line {number} of standard input: {error}");
                return Err(
                    Failure::new(Exit::Failure, told).hint("`--format bytes` takes any input")
                );
            }
        }
    }
    sender.close().await.map_err(hints::write)
}

/// A JSON value, unless the line is blank.
fn json(line: &[u8]) -> Result<Option<Payload>, Error> {
    if line.trim_ascii().is_empty() {
        return Ok(None);
    }
    Ok(Some(serde_json::from_slice(line)?))
}

fn line(line: &[u8]) -> Result<Option<String>, Error> {
    Ok(Some(std::str::from_utf8(line)?.to_owned()))
}

fn interrupted(signal: StopSignal) -> Failure {
    Failure::new(signal.exit(), "interrupted; the stream was aborted")
}

fn abort(failure: &Failure) -> Abort {
    let code = match failure.exit() {
        Exit::Cancelled | Exit::Terminated | Exit::HungUp => "cancelled",
        _ => "writer_failed",
    };
    Abort::new(code, failure.to_string())
}

fn unsent<T: Send + Sync + 'static>(error: SendError<T>) -> Failure {
    match error.channel_error().cloned() {
        Some(error) => hints::write(error),
        None => error.into(),
    }
}
