use anyhow::{Result, bail};
use tokio::io::AsyncWriteExt;

use super::Tally;
use crate::raw::{Control, Heard, Listener, Socket};

/// Messages per write.
const BATCH: u64 = 64;

/// Sends messages as fast as the engine accepts them, and counts the answers. `message` creates
/// each from its number. After `most` messages it only listens.
pub(super) async fn flood(
    control: Control,
    tally: Tally,
    most: u64,
    message: impl Fn(u64) -> Vec<u8> + Sync,
) -> Result<()> {
    let Socket {
        mut listener,
        mut sender,
        ..
    } = control.socket;
    let send = async {
        let mut number = 0;
        while number < most {
            let numbers = number..most.min(number + BATCH);
            let sent = numbers.end - numbers.start;
            let batch: Vec<u8> = numbers.flat_map(&message).collect();
            sender.write_all(&batch).await?;
            tally.add("sent", sent);
            number += sent;
        }
        std::future::pending::<Result<()>>().await
    };
    tokio::select! {
        ended = listen(&mut listener, &tally) => ended,
        ended = send => ended,
    }
}

/// Counts answers until the connection ends.
pub(super) async fn listen(listener: &mut Listener, tally: &Tally) -> Result<()> {
    loop {
        match listener.next().await? {
            Heard::Frame(payload) => {
                if let Some(outcome) = outcome(&payload) {
                    tally.count(outcome);
                }
            }
            Heard::Closed(code) => bail!("closed {code:?}"),
            Heard::Sign => {}
        }
    }
}

/// The kind of an answer, in words for the table; `None` if it is not an answer.
fn outcome(payload: &[u8]) -> Option<String> {
    const CODE: &[u8] = b"\"code\":\"";
    // Only the part before the result, which may be long.
    let start = &payload[..payload.len().min(1 << 10)];
    let has = |words: &[u8]| start.windows(words.len()).position(|part| part == words);
    if let Some(at) = has(CODE) {
        let code = start[at + CODE.len()..]
            .split(|byte| *byte == b'"')
            .next()?;
        return Some(format!("refused {}", String::from_utf8_lossy(code)));
    }
    has(b"\"invocationresult\"").map(|_| "answered".to_owned())
}
