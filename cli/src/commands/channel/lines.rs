use std::io;

use pipewright::format::ItemLimits;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};

/// Reads a line without its end; `None` at the end of the input.
///
/// # Errors
///
/// Fails if the input cannot be read, or if the line exceeds the item limit. Such a line is not
/// kept in memory.
pub(super) async fn next_line(
    input: &mut BufReader<impl AsyncRead + Unpin>,
) -> io::Result<Option<Vec<u8>>> {
    let longest = ItemLimits::DEFAULT.max_bytes;
    let mut line = Vec::new();
    let limit = longest as u64 + 1;
    if input.take(limit).read_until(b'\n', &mut line).await? == 0 {
        return Ok(None);
    }
    if line.pop_if(|last| *last == b'\n').is_some() {
        line.pop_if(|last| *last == b'\r');
    } else if line.len() > longest {
        let told = format!("a line of standard input has more than {longest} bytes");
        return Err(io::Error::new(io::ErrorKind::InvalidData, told));
    }
    Ok(Some(line))
}
