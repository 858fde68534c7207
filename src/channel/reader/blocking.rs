use std::io::{self, BufRead, Read};

use tokio::io::{AsyncBufReadExt, AsyncReadExt};
use tokio::runtime::Handle;

use super::ChannelReader;

/// A reader for blocking code, with [`std::io::Read`] and [`BufRead`]; see
/// [`ChannelReader::into_blocking`].
///
/// It ends and fails like the reader's [`AsyncRead`](tokio::io::AsyncRead). Dropping it before the
/// end cancels the stream.
#[derive(Debug)]
pub struct BlockingReader {
    reader: ChannelReader,
    runtime: Handle,
}

impl ChannelReader {
    /// Converts the reader for use in blocking code. Reads wait on `runtime` and must run outside
    /// of its async threads, for example in [`tokio::task::spawn_blocking`]. The inverse is
    /// [`BlockingReader::into_inner`].
    ///
    /// # Example
    ///
    /// ```
    /// # #[cfg(feature = "engine")]
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> pipewright::Result<()> {
    /// use std::io::BufRead;
    ///
    /// let worker = pipewright::Worker::embedded().await?;
    /// let channel = worker.create_channel(None).await?;
    /// let reader = channel.reader.into_blocking(tokio::runtime::Handle::current());
    /// let counting = tokio::task::spawn_blocking(move || reader.lines().count());
    /// let mut writer = channel.writer;
    /// writer.write("one\ntwo\n").await?;
    /// writer.close().await?;
    /// assert_eq!(counting.await?, 2);
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "engine"))]
    /// # fn main() {}
    /// ```
    pub fn into_blocking(self, runtime: Handle) -> BlockingReader {
        BlockingReader {
            reader: self,
            runtime,
        }
    }
}

impl BlockingReader {
    /// Returns the underlying reader.
    pub fn get_ref(&self) -> &ChannelReader {
        &self.reader
    }

    /// Returns the underlying reader.
    pub fn get_mut(&mut self) -> &mut ChannelReader {
        &mut self.reader
    }

    /// Returns the underlying reader; the inverse is [`ChannelReader::into_blocking`].
    pub fn into_inner(self) -> ChannelReader {
        self.reader
    }
}

/// # Panics
///
/// Panics on a thread that drives a runtime, where waiting would block its tasks.
impl Read for BlockingReader {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.runtime.block_on(self.reader.read(buf))
    }
}

/// # Panics
///
/// Like [`Read`].
impl BufRead for BlockingReader {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.runtime.block_on(self.reader.fill_buf())
    }

    fn consume(&mut self, amount: usize) {
        AsyncBufReadExt::consume(&mut self.reader, amount);
    }
}
