use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;

use bytes::Bytes;
use tokio::task::spawn_blocking;

/// Standard output for data: each piece is written as it comes.
///
/// The standard library's holds back what has no line end yet, so that whoever reads it waits for
/// data that is there.
pub(super) struct Stdout(Arc<File>);

impl Stdout {
    #[cfg(unix)]
    pub(super) fn new() -> io::Result<Self> {
        use std::os::fd::AsFd;

        let file = io::stdout().as_fd().try_clone_to_owned()?;
        Ok(Self(Arc::new(file.into())))
    }

    #[cfg(windows)]
    pub(super) fn new() -> io::Result<Self> {
        use std::os::windows::io::AsHandle;

        let file = io::stdout().as_handle().try_clone_to_owned()?;
        Ok(Self(Arc::new(file.into())))
    }

    /// Writes all of it, on a thread that may wait.
    ///
    /// # Cancel safety
    ///
    /// When the future is dropped a part may be written, then or later.
    pub(super) async fn write(&mut self, data: Bytes) -> io::Result<()> {
        let file = Arc::clone(&self.0);
        spawn_blocking(move || (&*file).write_all(&data)).await?
    }
}
