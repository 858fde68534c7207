use serde::Serialize;

use super::run::{Node, Outcome};
use crate::engine::channels::ChannelRow;

/// The state of a node, derived from its channels without asking its worker.
///
/// | state | the node | its channels |
/// |---|---|---|
/// | `starting` | is open | none of its ends was opened yet |
/// | `held_back` | is open | an output is full |
/// | `working` | is open | data moves, and no output is full |
/// | `busy` | is open | there is input and room, but nothing moves |
/// | `waiting` | is open | nothing moves, and there is no input |
/// | `done`, `failed` | has ended | – |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    Starting,
    HeldBack,
    Working,
    Busy,
    Waiting,
    Done,
    Failed,
}

/// The channel of an edge, as seen from a node.
#[derive(Clone, Copy, Debug)]
pub(super) enum EdgeView<'a> {
    Open(&'a ChannelRow),
    Whole,
    Broken,
}

impl State {
    pub(super) fn of(node: &Node, inputs: &[EdgeView<'_>], outputs: &[EdgeView<'_>]) -> Self {
        match &node.outcome {
            Some((_, Outcome::Failed(_))) => return Self::Failed,
            Some(_) => return Self::Done,
            None => {}
        }
        if node.call.is_none() && open(inputs).chain(open(outputs)).next().is_none() {
            let broken = |seen: &EdgeView<'_>| matches!(seen, EdgeView::Broken);
            // If a stream broke, its writer has failed.
            return if outputs.iter().any(broken) {
                Self::Failed
            } else {
                Self::Done
            };
        }
        let unopened = open(inputs).all(|input| input.reader == "waiting")
            && open(outputs).all(|output| output.writer == "waiting");
        let moves = |channel: &ChannelRow| channel.bytes_per_second > 0;
        if unopened {
            Self::Starting
        } else if open(outputs).any(ChannelRow::is_full) {
            Self::HeldBack
        } else if open(inputs).chain(open(outputs)).any(moves) {
            Self::Working
        } else if open(inputs).any(|input| input.buffered_frames > 0) {
            Self::Busy
        } else {
            Self::Waiting
        }
    }
}

fn open<'a>(seen: &[EdgeView<'a>]) -> impl Iterator<Item = &'a ChannelRow> {
    seen.iter().filter_map(|seen| match seen {
        EdgeView::Open(channel) => Some(*channel),
        EdgeView::Whole | EdgeView::Broken => None,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::{EdgeView, State};
    use crate::engine::channels::ChannelRow;
    use crate::engine::runs::run::{Node, Outcome};

    fn node(outcome: Option<Outcome>) -> Node {
        let now = Instant::now();
        Node {
            name: "n".to_owned(),
            worker: "w".to_owned(),
            call: None,
            started: now,
            outcome: outcome.map(|outcome| (now, outcome)),
        }
    }

    fn channel(buffered_frames: usize, bytes_per_second: u64) -> ChannelRow {
        ChannelRow {
            channel_id: "c".to_owned(),
            writer: "open",
            reader: "open",
            age_ms: 0,
            frames: 0,
            bytes: 0,
            buffered_frames,
            buffered_bytes: 0,
            capacity_frames: 64,
            capacity_bytes: 1 << 20,
            bytes_per_second,
            measured_ms: 1000,
        }
    }

    #[test]
    fn it_follows_from_the_channels() {
        let of = |input: &ChannelRow, output: &ChannelRow| {
            State::of(
                &node(None),
                &[EdgeView::Open(input)],
                &[EdgeView::Open(output)],
            )
        };
        let (empty, some, full) = (channel(0, 0), channel(3, 0), channel(64, 0));
        let moving = channel(3, 9);
        assert_eq!(of(&empty, &empty), State::Waiting);
        assert_eq!(of(&moving, &empty), State::Working);
        assert_eq!(of(&empty, &moving), State::Working);
        assert_eq!(of(&moving, &full), State::HeldBack);
        assert_eq!(of(&some, &empty), State::Busy);
        let unopened = ChannelRow {
            reader: "waiting",
            writer: "waiting",
            ..channel(3, 0)
        };
        assert_eq!(of(&unopened, &unopened), State::Starting);
        assert_eq!(of(&unopened, &empty), State::Busy);
    }

    #[test]
    fn what_is_over_is_done_or_failed() {
        let none = node(None);
        assert_eq!(
            State::of(&none, &[EdgeView::Whole], &[EdgeView::Whole]),
            State::Done
        );
        assert_eq!(State::of(&none, &[EdgeView::Broken], &[]), State::Done);
        assert_eq!(State::of(&none, &[], &[EdgeView::Broken]), State::Failed);
        let open = channel(0, 0);
        let failed = node(Some(Outcome::Failed("why".to_owned())));
        assert_eq!(
            State::of(&failed, &[EdgeView::Open(&open)], &[]),
            State::Failed
        );
        let gave_way = node(Some(Outcome::GaveWay));
        assert_eq!(
            State::of(&gave_way, &[EdgeView::Open(&open)], &[]),
            State::Done
        );
    }
}
