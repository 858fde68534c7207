use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};

use crate::terminal::print_error::print_error;
use crate::terminal::table::sanitized;

/// Number of bytes of a command's standard error to keep for the message of its failure.
const KEPT: usize = 2048;

/// Maximum length of a displayed line; longer lines are split.
const LINE: u64 = 8192;

/// Shows the lines of a process, each after the name of the process, and returns the last bytes.
pub(crate) async fn follow(program: &str, stderr: impl AsyncRead + Unpin) -> String {
    let mut stderr = BufReader::new(stderr);
    let mut tail = String::new();
    loop {
        let mut line = Vec::new();
        match (&mut stderr).take(LINE).read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return tail,
            Ok(_) => {}
        }
        let line = sanitized(String::from_utf8_lossy(&line).trim_end());
        print_error(format_args!("{program}: {line}"));
        if !tail.is_empty() {
            tail.push_str("; ");
        }
        tail.push_str(&line);
        if tail.len() > KEPT {
            let over = tail.len() - KEPT;
            let cut = (over..=tail.len()).find(|at| tail.is_char_boundary(*at));
            tail.drain(..cut.unwrap_or(0));
        }
    }
}
