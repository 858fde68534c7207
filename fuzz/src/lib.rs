//! Code shared by several targets.

use std::cell::RefCell;

use pipewright::{ChannelReader, Frame, fuzzing};
use tokio::runtime::{Builder, Runtime};

thread_local! {
    static RUNTIME: RefCell<Runtime> = RefCell::new(
        Builder::new_current_thread().enable_time().build().expect("a runtime")
    );
}

/// Runs a future to its end.
pub fn run<F: Future>(future: F) -> F::Output {
    RUNTIME.with_borrow(|runtime| runtime.block_on(future))
}

/// A complete stream. Its payload is split into frames by the lengths, each plus one, used
/// cyclically.
pub fn stream(header: &str, payload: &[u8], lengths: &[u8]) -> ChannelReader {
    let mut frames = vec![Frame::from(header)];
    let (mut rest, mut lengths) = (payload, lengths.iter().cycle());
    while !rest.is_empty() {
        let len = lengths
            .next()
            .map_or(rest.len(), |len| usize::from(*len) + 1);
        let (frame, after) = rest.split_at(len.min(rest.len()));
        frames.push(Frame::from(frame.to_vec()));
        rest = after;
    }
    let len = payload.len();
    frames.push(format!(r#"{{"type":"end","pipewright":1,"bytes":{len}}}"#).into());
    fuzzing::stream(frames)
}
