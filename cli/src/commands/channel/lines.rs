use std::io;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};

/// The lines of standard input.
pub(super) struct InputLines<R> {
    input: BufReader<R>,
    /// Maximum length of a line in bytes, without its end.
    limit: usize,
    /// Number of lines read.
    number: u64,
}

impl<R: AsyncRead + Unpin> InputLines<R> {
    pub(super) fn new(input: R, limit: usize) -> Self {
        Self {
            input: BufReader::new(input),
            limit,
            number: 0,
        }
    }

    /// The number of the last line; the first is 1.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// The rest of the input.
    pub(super) fn into_rest(self) -> BufReader<R> {
        self.input
    }

    /// Reads a line without its end; `None` at the end of the input.
    ///
    /// # Errors
    ///
    /// Fails if the input cannot be read, or if the line exceeds the limit. A line that is too long
    /// is not kept in memory.
    pub(super) async fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        // A line of the maximum length may end with CRLF.
        let most = self.limit as u64 + 2;
        let input = (&mut self.input).take(most);
        if { input }.read_until(b'\n', &mut line).await? == 0 {
            return Ok(None);
        }
        self.number += 1;
        if line.pop_if(|last| *last == b'\n').is_some() {
            line.pop_if(|last| *last == b'\r');
        }
        if line.len() > self.limit {
            let told = format!(
                "line {} of standard input is larger than {} bytes; `--max-item-bytes` raises the \
                 limit",
                self.number, self.limit
            );
            return Err(io::Error::new(io::ErrorKind::InvalidData, told));
        }
        Ok(Some(line))
    }
}
