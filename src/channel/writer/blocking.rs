use std::io::{self, Write};

use tokio::io::AsyncWriteExt;
use tokio::runtime::Handle;

use super::ChannelWriter;
use crate::channel::WriteError;

/// A writer for blocking code, with [`std::io::Write`]; see [`ChannelWriter::into_blocking`].
///
/// The stream is complete only after [`close`](Self::close) has returned `Ok`. Dropping it before
/// aborts the stream.
#[derive(Debug)]
pub struct BlockingWriter {
    writer: ChannelWriter,
    runtime: Handle,
}

impl ChannelWriter {
    /// Converts the writer for use in blocking code. Writes wait on `runtime` and must run outside
    /// of its async threads, for example in [`tokio::task::spawn_blocking`]. The inverse is
    /// [`BlockingWriter::into_inner`].
    ///
    /// # Example
    ///
    /// ```
    /// # #[cfg(feature = "engine")]
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> pipewright::Result<()> {
    /// use std::io::Write;
    ///
    /// let worker = pipewright::Worker::embedded().await?;
    /// let channel = worker.create_channel(None).await?;
    /// let mut writer = channel.writer.into_blocking(tokio::runtime::Handle::current());
    /// let writing = tokio::task::spawn_blocking(move || {
    ///     writeln!(writer, "a line")?;
    ///     writer.close().map_err(std::io::Error::from)
    /// });
    /// let mut reader = channel.reader;
    /// assert_eq!(reader.read_all().await?, "a line\n");
    /// writing.await??;
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "engine"))]
    /// # fn main() {}
    /// ```
    pub fn into_blocking(self, runtime: Handle) -> BlockingWriter {
        BlockingWriter {
            writer: self,
            runtime,
        }
    }
}

impl BlockingWriter {
    /// Ends the stream, like [`ChannelWriter::close`].
    ///
    /// # Errors
    ///
    /// The errors of [`ChannelWriter::close`].
    ///
    /// # Panics
    ///
    /// Panics on a thread that drives a runtime, where waiting would block its tasks.
    pub fn close(&mut self) -> Result<(), WriteError> {
        self.runtime.block_on(self.writer.close())
    }

    /// Returns the underlying writer.
    pub fn get_ref(&self) -> &ChannelWriter {
        &self.writer
    }

    /// Returns the underlying writer.
    pub fn get_mut(&mut self) -> &mut ChannelWriter {
        &mut self.writer
    }

    /// Returns the underlying writer; the inverse is [`ChannelWriter::into_blocking`].
    pub fn into_inner(self) -> ChannelWriter {
        self.writer
    }
}

/// # Panics
///
/// Panics on a thread that drives a runtime, where waiting would block its tasks.
impl Write for BlockingWriter {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.runtime
            .block_on(AsyncWriteExt::write(&mut self.writer, buf))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.runtime
            .block_on(self.writer.flush())
            .map_err(io::Error::from)
    }
}
