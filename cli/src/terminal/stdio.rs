//! The standard streams, which the parent process may have made non-blocking.

use std::fs::File;
use std::io::{self, Read, Write};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::task::{JoinHandle, spawn_blocking};

/// Number of bytes of standard input to read at once.
const PIECE: usize = 64 << 10;

/// A standard stream without the buffer of the standard library. Reads and writes block, even if
/// the file descriptor is non-blocking.
pub(crate) struct Stdio(File);

/// Takes the descriptor of a standard stream for a [`Stdio`].
macro_rules! duplicate {
    ($stream:expr) => {{
        #[cfg(unix)]
        let owned = std::os::fd::AsFd::as_fd(&$stream).try_clone_to_owned()?;
        #[cfg(windows)]
        let owned = std::os::windows::io::AsHandle::as_handle(&$stream).try_clone_to_owned()?;
        Ok(Self(owned.into()))
    }};
}

impl Stdio {
    pub(crate) fn stdin() -> io::Result<Self> {
        duplicate!(io::stdin())
    }

    pub(crate) fn stdout() -> io::Result<Self> {
        duplicate!(io::stdout())
    }

    pub(crate) fn stderr() -> io::Result<Self> {
        duplicate!(io::stderr())
    }

    /// The open file.
    pub(crate) fn file(&self) -> &File {
        &self.0
    }
}

/// Repeats `io` as long as it fails because the stream is not ready.
fn patiently<T>(
    file: &File,
    direction: Direction,
    mut io: impl FnMut() -> io::Result<T>,
) -> io::Result<T> {
    loop {
        match io() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => wait(file, direction)?,
            done => return done,
        }
    }
}

#[derive(Clone, Copy)]
enum Direction {
    In,
    Out,
}

#[cfg(unix)]
fn wait(file: &File, direction: Direction) -> io::Result<()> {
    use rustix::event::{PollFd, PollFlags, poll};
    use rustix::io::Errno;

    let flags = match direction {
        Direction::In => PollFlags::IN,
        Direction::Out => PollFlags::OUT,
    };
    match poll(&mut [PollFd::new(file, flags)], None) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Only Unix has non-blocking standard streams.
#[cfg(not(unix))]
fn wait(_: &File, _: Direction) -> io::Result<()> {
    Err(io::ErrorKind::WouldBlock.into())
}

impl Read for &Stdio {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        patiently(&self.0, Direction::In, || (&self.0).read(buffer))
    }
}

impl Write for &Stdio {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        patiently(&self.0, Direction::Out, || (&self.0).write(data))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Standard output for data: each chunk is written immediately.
///
/// The standard library buffers incomplete lines, so a reader would wait for data that is already
/// available.
pub(crate) struct Stdout(Arc<Stdio>);

impl Stdout {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self(Arc::new(Stdio::stdout()?)))
    }

    /// Standard error, for data that the user sends there.
    pub(crate) fn stderr() -> io::Result<Self> {
        Ok(Self(Arc::new(Stdio::stderr()?)))
    }

    /// Writes all data on a thread for blocking work.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, part of the data may still be written.
    pub(crate) async fn write(&mut self, data: Bytes) -> io::Result<()> {
        let stdio = Arc::clone(&self.0);
        spawn_blocking(move || (&*stdio).write_all(&data)).await?
    }
}

/// Standard input, read on a thread for blocking work.
pub(crate) struct Stdin {
    stdio: Arc<Stdio>,
    state: State,
}

enum State {
    Idle,
    Reading(JoinHandle<io::Result<Bytes>>),
    /// Bytes that were read and not yet taken; never empty.
    Holding(Bytes),
}

impl Stdin {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            stdio: Arc::new(Stdio::stdin()?),
            state: State::Idle,
        })
    }
}

impl AsyncRead for Stdin {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            match &mut self.state {
                State::Idle => {
                    let stdio = Arc::clone(&self.stdio);
                    self.state = State::Reading(spawn_blocking(move || piece(&stdio)));
                }
                State::Reading(task) => {
                    let read = ready!(Pin::new(task).poll(cx));
                    self.state = State::Idle;
                    let bytes = read??;
                    if bytes.is_empty() {
                        return Poll::Ready(Ok(()));
                    }
                    self.state = State::Holding(bytes);
                }
                State::Holding(bytes) => {
                    let len = bytes.len().min(into.remaining());
                    into.put_slice(&bytes[..len]);
                    bytes.advance(len);
                    if bytes.is_empty() {
                        self.state = State::Idle;
                    }
                    return Poll::Ready(Ok(()));
                }
            }
        }
    }
}

/// Returns the data that can be read now; empty at the end.
fn piece(mut stdio: &Stdio) -> io::Result<Bytes> {
    let mut buffer = vec![0; PIECE];
    loop {
        match stdio.read(&mut buffer) {
            Ok(read) => {
                buffer.truncate(read);
                return Ok(buffer.into());
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
