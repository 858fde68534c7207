use std::io;
use std::process::ExitStatus;
use std::sync::OnceLock;

use bytes::{Bytes, BytesMut};
use pipewright::format::Raw;
use pipewright::{Error, Receiver, Result, Sender, pipeline_stage};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{ChildStdin, ChildStdout};
use tokio::sync::Semaphore;

#[cfg(unix)]
use super::group::Group;
use super::spec::CommandSpec;
use super::tail::follow;

/// Limits the number of concurrent commands, if a limit is set.
static LIMIT: OnceLock<Semaphore> = OnceLock::new();

/// Limits the number of concurrent commands of this process; others wait. Only the first call has
/// an effect.
pub(crate) fn limit(commands: usize) {
    LIMIT.get_or_init(|| Semaphore::new(commands.min(Semaphore::MAX_PERMITS)));
}

/// Runs a command.
#[pipeline_stage(id = "cmd")]
pub(crate) async fn command(
    mut input: Receiver<Bytes, Raw>,
    mut output: Sender<Bytes, Raw>,
    params: CommandSpec,
) -> Result<()> {
    let _permit = match LIMIT.get() {
        Some(limit) => Some(limit.acquire().await.map_err(Error::msg)?),
        None => None,
    };
    let line = params.line();
    let mut child = params
        .process()
        .spawn()
        .map_err(|error| Error::msg(format!("cannot start `{line}`: {error}")))?;
    #[cfg(unix)]
    let group = Group::of(child.id());
    let (Some(stdin), Some(stdout), Some(stderr)) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(Error::msg("the command has no pipes"));
    };
    let status = async {
        tokio::select! {
            // Feeding the input never completes, so the command always ends first.
            Err(error) = feed(&mut input, stdin) => Err(error),
            ended = async {
                let tail = async { Ok(follow(params.program(), stderr).await) };
                let ((), tail) = tokio::try_join!(drain(stdout, &mut output), tail)?;
                Ok((child.wait().await?, tail))
            } => ended,
        }
    };
    let (status, tail) = status.await?;
    #[cfg(unix)]
    group.finish();
    if status.success() {
        return Ok(());
    }
    Err(Error::msg(failure(&line, status, &tail)))
}

/// Writes the input to the command and then never completes. It is not an error if the command
/// stops reading.
async fn feed(input: &mut Receiver<Bytes, Raw>, mut stdin: ChildStdin) -> Result<()> {
    while let Some(bytes) = input.recv().await? {
        match stdin.write_all(&bytes).await {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => break,
            Err(error) => return Err(error.into()),
        }
    }
    drop(stdin);
    std::future::pending().await
}

/// Number of bytes to read at once.
const PIECE: usize = 64 << 10;

/// Forwards the output of the command.
async fn drain(mut stdout: ChildStdout, output: &mut Sender<Bytes, Raw>) -> Result<()> {
    let mut buffer = BytesMut::new();
    loop {
        buffer.reserve(PIECE);
        let read = tokio::select! {
            read = stdout.read_buf(&mut buffer) => read?,
            // If the stage's reader has left, the stage ends, whatever the command does.
            error = output.closed() => return Err(error.into()),
        };
        if read == 0 {
            return Ok(());
        }
        output.send(buffer.split().freeze()).await?;
    }
}

fn failure(line: &str, status: ExitStatus, tail: &str) -> String {
    let how = ending(status);
    if tail.is_empty() {
        format!("`{line}` {how}")
    } else {
        format!("`{line}` {how}: {tail}")
    }
}

/// How a process ended: `ended with status 1`, or `was ended by signal 9`.
pub(crate) fn ending(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("ended with status {code}"),
        None => signal(status),
    }
}

#[cfg(unix)]
fn signal(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;

    match status.signal() {
        Some(signal) => format!("was ended by signal {signal}"),
        None => "was ended".to_owned(),
    }
}

#[cfg(not(unix))]
fn signal(_: ExitStatus) -> String {
    "was ended".to_owned()
}
