use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::stdio::{Stdin, Stdio};

/// The input of a run, with a counter.
pub(super) struct Input {
    reader: Pin<Box<dyn AsyncRead + Send>>,
    read: Arc<AtomicU64>,
    len: Option<u64>,
}

impl Input {
    /// Opens a file, or standard input if absent or `-`.
    pub(super) async fn open(path: Option<&Path>) -> Result<Self, Failure> {
        match path.filter(|path| path.as_os_str() != "-") {
            None => Ok(Self::new(Stdin::new()?, standard_input_len())),
            Some(path) => match open(path).await {
                Ok((file, len)) => Ok(Self::new(file, len)),
                Err(error) => {
                    let message = format!("cannot read {}: {error}", path.display());
                    Err(Failure::new(Exit::Usage, message))
                }
            },
        }
    }

    fn new(reader: impl AsyncRead + Send + 'static, len: Option<u64>) -> Self {
        Self {
            reader: Box::pin(reader),
            read: Arc::default(),
            len,
        }
    }

    /// Its size in bytes, if known.
    pub(super) fn len(&self) -> Option<u64> {
        self.len
    }

    /// The number of bytes read so far.
    pub(super) fn counter(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.read)
    }
}

async fn open(path: &Path) -> io::Result<(tokio::fs::File, Option<u64>)> {
    let file = tokio::fs::File::open(path).await?;
    let about = file.metadata().await?;
    if about.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    Ok((file, about.is_file().then_some(about.len())))
}

/// The remaining size of standard input, if it is a file.
#[cfg(unix)]
fn standard_input_len() -> Option<u64> {
    use std::io::Seek;
    let stdin = Stdio::stdin().ok()?;
    let mut file = stdin.file();
    let about = file.metadata().ok().filter(std::fs::Metadata::is_file)?;
    Some(about.len().saturating_sub(file.stream_position().ok()?))
}

#[cfg(not(unix))]
fn standard_input_len() -> Option<u64> {
    None
}

impl AsyncRead for Input {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        ready!(self.reader.as_mut().poll_read(cx, into))?;
        let read = into.filled().len() - before;
        self.read.fetch_add(read as u64, Relaxed);
        Poll::Ready(Ok(()))
    }
}
