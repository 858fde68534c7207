use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::future::join_all;
use futures::{Stream, StreamExt};

use super::branch::{FanOutBranch, copy};
use super::latest::LatestProgress;
use super::route::Route;
use crate::channel::{
    Event, MessageQueue, QueuedMessage, Sender, Signal, SignalKind, WaitTimer, WriteError,
};
use crate::codec::Encode;
use crate::stage::execution::conclude::conclude;
use crate::stage::serve_stream::push;
use crate::stage::{Flow, StageContext, StageError};
use crate::wire::Turn;

/// Forwards everything from `input` to the branches at `outputs`, and ends the branches in the way
/// that the input ended.
///
/// Nothing is taken from the input while the target branch has no room, so the slowest branch holds
/// back the others. User messages go to the branch of the item before them, or to the branch whose
/// turn it is. Progress of the input, and of the operator itself (`own`), goes to any branch with
/// room. If there is none, later progress replaces it. A branch that drops its end receives no more
/// items, and the items for it count as skipped. When no branch is left, the operator stops.
pub(crate) async fn fan_out<T, F>(
    input: impl Stream<Item = Flow<T>> + Send,
    outputs: Vec<Sender<T, F>>,
    route: Route<T>,
    waits: WaitTimer,
    own: MessageQueue,
    context: &StageContext,
) -> Result<(), StageError>
where
    T: Send + 'static,
    F: Encode<T>,
{
    let mut fan_out = FanOut {
        context,
        branches: outputs.into_iter().map(FanOutBranch::new).collect(),
        route,
        next: 0,
        last: 0,
        held: None,
        progress: LatestProgress::default(),
        own,
        waits,
    };
    let mut input = std::pin::pin!(input.fuse());
    let ended = poll_fn(|cx| fan_out.poll(input.as_mut(), cx)).await;
    let left = fan_out
        .branches
        .into_iter()
        .filter_map(|branch| branch.output);
    let concluded = join_all(left.map(|output| conclude(context, Some(output), ended.clone())));
    let (gone, others): (Vec<_>, Vec<_>) = concluded
        .await
        .into_iter()
        .partition(|result| result.as_ref().is_err_and(StageError::is_output_gone));
    // A branch may stop reading before the end of its stream, as long as another branch continues.
    let all_gone = others.is_empty();
    others.into_iter().collect::<Result<(), _>>()?;
    match gone.into_iter().next() {
        Some(gone) if all_gone => gone,
        _ => ended,
    }
}

/// The state of [`fan_out`].
struct FanOut<'a, T: Send + 'static, F: Encode<T>> {
    context: &'a StageContext,
    branches: Vec<FanOutBranch<T, F>>,
    route: Route<T>,
    /// The branch whose turn it is.
    next: usize,
    /// The branch that received the last item.
    last: usize,
    /// An event that was taken and not forwarded yet.
    held: Option<Event<T>>,
    progress: LatestProgress,
    own: MessageQueue,
    waits: WaitTimer,
}

/// The target of an event.
enum Target {
    Everywhere,
    One(usize),
    Nowhere,
}

impl<T: Send + 'static, F: Encode<T>> FanOut<'_, T, F> {
    fn poll(
        &mut self,
        mut input: Pin<&mut impl Stream<Item = Flow<T>>>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), StageError>> {
        self.own.wake_on_push(cx.waker().clone());
        loop {
            while let Some(queued) = self.own.pop() {
                if let QueuedMessage::Progress(progress) = queued {
                    self.progress.put(Box::new(progress));
                }
            }
            self.tell_turns(cx)?;
            self.give_progress(cx)?;
            let placed = self.poll_place(cx);
            match &placed {
                Poll::Pending => self.waits.begin(),
                Poll::Ready(_) => self.waits.end(),
            }
            ready!(placed)?;
            match input.as_mut().poll_next(cx) {
                Poll::Ready(Some(Ok(event))) => self.take(event)?,
                Poll::Ready(Some(Err(failure))) => return Poll::Ready(Err(failure)),
                // Closing a branch also ends its turn.
                Poll::Ready(None) => return Poll::Ready(Ok(())),
                Poll::Pending if self.pause() => {}
                Poll::Pending => {
                    // A reader that disconnects while there is nothing to write must be noticed,
                    // too.
                    for at in 0..self.branches.len() {
                        if let Some(output) = &mut self.branches[at].output
                            && let Poll::Ready(error) = output.poll_gone(cx)
                        {
                            self.leave(at, error)?;
                        }
                    }
                    return Poll::Pending;
                }
            }
        }
    }

    fn take(&mut self, event: Event<T>) -> Result<(), StageError> {
        match event {
            Event::Progress(progress) => self.progress.put(progress),
            Event::Signal(Signal(SignalKind::Unreadable(unreadable))) => {
                let stage = self.context.stage();
                return Err(StageError::input(stage, unreadable.error));
            }
            // The turn belongs to a copy of this operator, and there are no copies.
            Event::Signal(Signal(SignalKind::Turn(_))) => {}
            event => {
                if let (Route::ByKey(key), Event::Item(item)) = (&mut self.route, &event) {
                    self.next = key(item) % self.branches.len();
                }
                self.held = Some(event);
            }
        }
        Ok(())
    }

    /// Ends the current turn, if there is one. Returns whether there was.
    fn pause(&mut self) -> bool {
        let Route::Turns(turns) = &mut self.route else {
            return false;
        };
        let ends = turns.pause();
        if ends {
            self.end_turn();
        }
        ends
    }

    /// Notifies the branches whose turns have ended, as far as they have room.
    fn tell_turns(&mut self, cx: &mut Context<'_>) -> Result<(), StageError> {
        for at in 0..self.branches.len() {
            if self.branches[at].told < self.branches[at].turns
                && let Poll::Ready(true) = self.poll_ready(at, cx)?
            {
                self.tell_turn(at);
            }
        }
        Ok(())
    }

    /// Must follow a `poll_ready` that returned ready.
    fn tell_turn(&mut self, at: usize) {
        let branch = &mut self.branches[at];
        branch.told = branch.turns;
        if let Some(output) = &mut branch.output {
            output.push_turn(Turn {
                turns: branch.turns,
            });
        }
    }

    /// Sends progress to any branch with room, starting with the one whose turn it is.
    fn give_progress(&mut self, cx: &mut Context<'_>) -> Result<(), StageError> {
        while !self.progress.is_empty() {
            let Some(at) = self.find_room(cx)? else { break };
            if let (Some(output), Some(progress)) =
                (&mut self.branches[at].output, self.progress.take())
            {
                output.push_progress(*progress);
            }
        }
        Ok(())
    }

    /// Forwards the held event.
    fn poll_place(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StageError>> {
        let target = match &self.held {
            None => return Poll::Ready(Ok(())),
            Some(event) => {
                let is_item = matches!(event, Event::Item(_));
                ready!(self.poll_target(is_item, cx))?
            }
        };
        if let Some(event) = self.held.take() {
            self.place(event, &target)?;
        }
        Poll::Ready(Ok(()))
    }

    /// Waits until the target of the held event has room.
    fn poll_target(
        &mut self,
        is_item: bool,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Target, StageError>> {
        match &self.route {
            Route::Everywhere(_) => {
                for at in 0..self.branches.len() {
                    ready!(self.poll_ready(at, cx))?;
                }
                Poll::Ready(Ok(Target::Everywhere))
            }
            Route::Turns(_) => self.poll_turn(cx),
            _ if !is_item => self.poll_live(self.last, cx),
            Route::ByKey(_) => {
                let has_room = ready!(self.poll_ready(self.next, cx))?;
                Poll::Ready(Ok(if has_room {
                    Target::One(self.next)
                } else {
                    Target::Nowhere
                }))
            }
            Route::Room => match self.find_room(cx)? {
                Some(at) => Poll::Ready(Ok(Target::One(at))),
                None => Poll::Pending,
            },
        }
    }

    /// Waits for room in the branch whose turn it is. A full branch ends its turn early if the next
    /// one has room, so that copies of a stage work concurrently however long the items are.
    fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<Result<Target, StageError>> {
        loop {
            let at = self.next;
            match self.poll_ready(at, cx)? {
                Poll::Ready(true) if self.branches[at].told < self.branches[at].turns => {
                    self.tell_turn(at);
                }
                Poll::Ready(true) => return Poll::Ready(Ok(Target::One(at))),
                Poll::Ready(false) => {
                    let next = self.next_live();
                    if next == at {
                        return Poll::Ready(Ok(Target::Nowhere));
                    }
                    self.give_turn_to(next);
                }
                Poll::Pending => {
                    let (began, next) = (self.has_turn_begun(), self.next_live());
                    if began && next != at && self.poll_ready(next, cx)? == Poll::Ready(true) {
                        self.end_turn();
                    } else {
                        return Poll::Pending;
                    }
                }
            }
        }
    }

    fn has_turn_begun(&self) -> bool {
        matches!(&self.route, Route::Turns(turns) if turns.has_begun())
    }

    /// Returns a branch with room, starting with the one whose turn it is.
    fn find_room(&mut self, cx: &mut Context<'_>) -> Result<Option<usize>, StageError> {
        let branches = self.branches.len();
        for at in (self.next..branches).chain(0..self.next) {
            if let Poll::Ready(true) = self.poll_ready(at, cx)? {
                return Ok(Some(at));
            }
        }
        Ok(None)
    }

    /// Waits for room in the branch `from`, or in the next one if `from` has stopped reading.
    fn poll_live(&mut self, from: usize, cx: &mut Context<'_>) -> Poll<Result<Target, StageError>> {
        let branches = self.branches.len();
        for at in (from..branches).chain(0..from) {
            if ready!(self.poll_ready(at, cx))? {
                return Poll::Ready(Ok(Target::One(at)));
            }
        }
        Poll::Ready(Ok(Target::Nowhere))
    }

    /// Waits for room in the branch `at`; `false` if it has stopped reading.
    fn poll_ready(&mut self, at: usize, cx: &mut Context<'_>) -> Poll<Result<bool, StageError>> {
        let Some(output) = &mut self.branches[at].output else {
            return Poll::Ready(Ok(false));
        };
        Poll::Ready(match ready!(output.poll_ready(cx)) {
            Ok(()) => Ok(true),
            Err(error) => self.leave(at, error).map(|()| false),
        })
    }

    /// Removes the branch `at` if it only stopped reading early. Fails if it was the last one.
    fn leave(&mut self, at: usize, error: WriteError) -> Result<(), StageError> {
        if !error.is_reader_gone() {
            return Err(StageError::output(self.context.stage(), error));
        }
        self.branches[at].output = None;
        if self.branches.iter().all(|branch| branch.output.is_none()) {
            return Err(StageError::output(self.context.stage(), error));
        }
        Ok(())
    }

    /// Passes an event to a branch with room.
    fn place(&mut self, event: Event<T>, target: &Target) -> Result<(), StageError> {
        let stage = self.context.stage();
        let is_item = matches!(event, Event::Item(_));
        match (target, &mut self.route) {
            (Target::Everywhere, Route::Everywhere(clone)) => {
                let outputs = self.branches.iter_mut();
                let mut live = outputs
                    .filter_map(|branch| branch.output.as_mut())
                    .peekable();
                let mut event = Some(event);
                while let (Some(output), Some(given)) = (live.next(), event.take()) {
                    if live.peek().is_some() {
                        event = Some(copy(&given, *clone));
                    }
                    push(output, given, stage)?;
                }
                return Ok(());
            }
            (Target::One(at), route) => {
                if let Some(output) = &mut self.branches[*at].output {
                    push(output, event, stage)?;
                }
                if is_item {
                    self.last = *at;
                    self.next = *at;
                    let turn_over = match route {
                        Route::Turns(turns) => turns.give(),
                        Route::Room | Route::Everywhere(_) | Route::ByKey(_) => false,
                    };
                    if turn_over {
                        self.end_turn();
                    } else if matches!(route, Route::Room) {
                        self.next = (*at + 1) % self.branches.len();
                    }
                }
            }
            _ if is_item => self.context.skip(false),
            _ => {}
        }
        Ok(())
    }

    /// Ends the turn of a branch and starts the next one's.
    fn end_turn(&mut self) {
        self.branches[self.next].turns += 1;
        self.give_turn_to(self.next_live());
    }

    fn give_turn_to(&mut self, next: usize) {
        if let Route::Turns(turns) = &mut self.route {
            turns.end(next <= self.next);
        }
        self.next = next;
    }

    /// The next branch that is still reading.
    fn next_live(&self) -> usize {
        let branches = self.branches.len();
        (self.next + 1..branches)
            .chain(0..=self.next)
            .find(|&at| self.branches[at].output.is_some())
            .unwrap_or(self.next)
    }
}
