use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{FutureExt, Stream, StreamExt};

use crate::channel::{Event, Signal, SignalKind, WaitTimer};
use crate::stage::{Flow, StageError};
use crate::wire::Turn;

/// The order of outputs when several streams are merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// In order of arrival; each stream keeps its own order.
    Arrival,
    /// In turns, whose ends are marked by messages of the stream protocol. Progress is forwarded on
    /// arrival.
    Turns,
}

/// Merges several streams into one.
///
/// A failure of one stream fails the merge, and the other streams are dropped. In order of arrival,
/// the streams are polled in rotation, so that a busy one does not starve the others.
pub(crate) struct FanIn<T> {
    lanes: Vec<FanInInput<T>>,
    order: Order,
    /// The index of the input to poll first.
    next: usize,
    /// Fills the inputs, if they are filled in the same task.
    feed: Option<BoxFuture<'static, Result<(), StageError>>>,
    /// The failure of the feed. It replaces the failures of the inputs that result from it.
    failed_feed: Option<StageError>,
    waits: WaitTimer,
    over: bool,
}

struct FanInInput<T> {
    /// `None` once it has ended.
    stream: Option<BoxStream<'static, Flow<T>>>,
    /// Events that arrived before the input's turn.
    ahead: VecDeque<Flow<T>>,
    /// Number of turns that it has ended, and how many of them were consumed.
    ended: u64,
    passed: u64,
}

/// How many items a stream in the same task may be ahead of its turn. It lets copies of a stage
/// work concurrently.
const AHEAD: usize = 64;

/// The same for a stream over a channel, whose copy works independently. One event is enough to
/// notice its end, failure or connection.
const AHEAD_OF_CHANNEL: usize = 1;

impl<T> FanIn<T> {
    pub(crate) fn new(
        streams: impl IntoIterator<Item = BoxStream<'static, Flow<T>>>,
        order: Order,
        waits: WaitTimer,
    ) -> Self {
        let lanes = streams.into_iter().map(|stream| FanInInput {
            stream: Some(stream),
            ahead: VecDeque::new(),
            ended: 0,
            passed: 0,
        });
        Self {
            lanes: lanes.collect(),
            order,
            next: 0,
            feed: None,
            failed_feed: None,
            waits,
            over: false,
        }
    }

    /// Runs `feed`, which fills the streams, whenever the streams wait.
    pub(crate) fn fed_by(mut self, feed: BoxFuture<'static, Result<(), StageError>>) -> Self {
        self.feed = Some(feed);
        self
    }

    fn poll_lanes(&mut self, cx: &mut Context<'_>) -> Poll<Option<Flow<T>>> {
        match self.order {
            Order::Arrival => self.poll_any(cx),
            Order::Turns => self.poll_turn(cx),
        }
    }

    fn poll_any(&mut self, cx: &mut Context<'_>) -> Poll<Option<Flow<T>>> {
        let lanes = self.lanes.len();
        let mut over = true;
        for at in (self.next..lanes).chain(0..self.next) {
            match self.lanes[at].poll(cx) {
                Poll::Ready(Some(flow)) => {
                    self.next = (at + 1) % lanes;
                    return Poll::Ready(Some(flow));
                }
                Poll::Ready(None) => {}
                Poll::Pending => over = false,
            }
        }
        if over {
            Poll::Ready(None)
        } else {
            Poll::Pending
        }
    }

    fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<Option<Flow<T>>> {
        // An input that has ended passes its turn on. If this happens once for each input, all have
        // ended.
        let mut over = 0;
        while over < self.lanes.len() {
            let lane = &mut self.lanes[self.next];
            if lane.ended > lane.passed {
                lane.passed += 1;
                over = 0;
            } else {
                match lane.poll(cx) {
                    Poll::Ready(Some(Ok(Event::Signal(Signal(SignalKind::Turn(turn)))))) => {
                        if let Err(failure) = lane.end_turn(turn) {
                            return Poll::Ready(Some(Err(failure)));
                        }
                        continue;
                    }
                    Poll::Ready(Some(flow)) => return Poll::Ready(Some(flow)),
                    Poll::Ready(None) => over += 1,
                    Poll::Pending => return self.poll_ahead(cx),
                }
            }
            self.next = (self.next + 1) % self.lanes.len();
        }
        Poll::Ready(None)
    }

    /// Also polls the inputs that are waiting for their turn, and returns their progress.
    fn poll_ahead(&mut self, cx: &mut Context<'_>) -> Poll<Option<Flow<T>>> {
        let limit = if self.feed.is_some() {
            AHEAD
        } else {
            AHEAD_OF_CHANNEL
        };
        for at in 0..self.lanes.len() {
            if at != self.next
                && let Some(progress) = self.lanes[at].run_ahead(limit, cx)
            {
                return Poll::Ready(Some(progress));
            }
        }
        Poll::Pending
    }
}

impl<T> FanInInput<T> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Flow<T>>> {
        match self.ahead.pop_front() {
            Some(flow) => Poll::Ready(Some(flow)),
            None => self.poll_stream(cx),
        }
    }

    fn poll_stream(&mut self, cx: &mut Context<'_>) -> Poll<Option<Flow<T>>> {
        let Some(stream) = &mut self.stream else {
            return Poll::Ready(None);
        };
        let polled = stream.poll_next_unpin(cx);
        if let Poll::Ready(None) = polled {
            self.stream = None;
        }
        polled
    }

    /// Stores up to `limit` events before the turn. Returns progress, which has no turn.
    fn run_ahead(&mut self, limit: usize, cx: &mut Context<'_>) -> Option<Flow<T>> {
        while self.ahead.len() < limit {
            match self.poll_stream(cx) {
                Poll::Ready(Some(Ok(Event::Progress(progress)))) => {
                    return Some(Ok(Event::Progress(progress)));
                }
                Poll::Ready(Some(flow)) => self.ahead.push_back(flow),
                Poll::Ready(None) | Poll::Pending => break,
            }
        }
        None
    }

    /// Handles the end of one turn, or of several turns without output.
    fn end_turn(&mut self, turn: Turn) -> Result<(), StageError> {
        if turn.turns > self.ended {
            self.ended = turn.turns;
            return Ok(());
        }
        let reason = format!(
            "a copy has ended its turn {} after its turn {}",
            turn.turns, self.ended
        );
        Err(StageError::new(StageError::UNORDERED, "merge", reason))
    }
}

/// Items are only moved, never pinned.
impl<T> Unpin for FanIn<T> {}

impl<T> Stream for FanIn<T> {
    type Item = Flow<T>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Flow<T>>> {
        let this = self.get_mut();
        if this.over {
            return Poll::Ready(None);
        }
        let mut polled = this.poll_lanes(cx);
        if polled.is_pending()
            && let Some(feed) = &mut this.feed
        {
            if let Poll::Ready(fed) = feed.poll_unpin(cx) {
                this.feed = None;
                this.failed_feed = fed.err();
            }
            // The feed may have supplied what the inputs waited for.
            polled = this.poll_lanes(cx);
        }
        match &polled {
            Poll::Pending => this.waits.begin(),
            Poll::Ready(_) => this.waits.end(),
        }
        if let Poll::Ready(None) = &polled
            && let Some(feed) = &mut this.feed
        {
            // The streams may end before the feed does; a failure of the feed still counts.
            let fed = std::task::ready!(feed.poll_unpin(cx));
            this.feed = None;
            this.failed_feed = fed.err();
        }
        Poll::Ready(match std::task::ready!(polled) {
            Some(Ok(event)) => Some(Ok(event)),
            Some(Err(failure)) => {
                this.over = true;
                this.lanes.clear();
                this.feed = None;
                let first = this.failed_feed.take().filter(|_| failure.is_passed_on());
                Some(Err(first.unwrap_or(failure)))
            }
            None => {
                this.over = true;
                let failed = this.failed_feed.take();
                // If all branches need no more items, the run has not failed.
                failed.filter(|failure| !failure.is_output_gone()).map(Err)
            }
        })
    }
}
