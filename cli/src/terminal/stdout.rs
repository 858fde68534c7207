use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;

use bytes::Bytes;
use tokio::task::spawn_blocking;

/// Standard output for data: each piece is written immediately.
///
/// The standard library buffers incomplete lines, so a reader would wait for data that exists.
pub(crate) struct Stdout(Arc<File>);

impl Stdout {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self(Arc::new(file()?)))
    }

    /// Writes all of it on a thread for blocking work.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, a part may be written, then or later.
    pub(crate) async fn write(&mut self, data: Bytes) -> io::Result<()> {
        let file = Arc::clone(&self.0);
        spawn_blocking(move || (&*file).write_all(&data)).await?
    }
}

/// Standard output without the buffer of the standard library.
#[cfg(unix)]
pub(crate) fn file() -> io::Result<File> {
    use std::os::fd::AsFd;

    Ok(io::stdout().as_fd().try_clone_to_owned()?.into())
}

/// Standard output without the buffer of the standard library.
#[cfg(windows)]
pub(crate) fn file() -> io::Result<File> {
    use std::os::windows::io::AsHandle;

    Ok(io::stdout().as_handle().try_clone_to_owned()?.into())
}
