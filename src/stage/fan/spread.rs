use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::future::join_all;
use futures::{Stream, StreamExt};

use super::TURN;
use super::route::Route;
use crate::channel::{Event, Sender, Waits, WriteError};
use crate::codec::Encode;
use crate::stage::conclude::conclude;
use crate::stage::task::push;
use crate::stage::{Flow, StageContext, StageError};

/// Hands everything that `input` gives to the branches that `outputs` lead to, and ends them as
/// the input ended.
///
/// Nothing is taken while a branch that is to have it has no room: the slowest holds back the
/// others. Messages of the user go where the item before them went, or whose turn it is; progress
/// goes to the first branch.
/// A branch that drops its end gets no more; an item that only it was to have counts as skipped.
/// When no branch is left there is no use in going on.
pub(crate) async fn spread<T, F>(
    input: impl Stream<Item = Flow<T>> + Send,
    outputs: Vec<Sender<T, F>>,
    route: Route<T>,
    waits: Waits,
    context: &StageContext,
) -> Result<(), StageError>
where
    T: Send + 'static,
    F: Encode<T>,
{
    let mut spread = Spread {
        context,
        outputs: outputs.into_iter().map(Some).collect(),
        route,
        next: 0,
        last: 0,
        held: None,
        turn_over: false,
        waits,
    };
    let mut input = std::pin::pin!(input.fuse());
    let ended = poll_fn(|cx| spread.poll(input.as_mut(), cx)).await;
    let left = spread.outputs.into_iter().flatten();
    let concluded = join_all(left.map(|output| conclude(context, Some(output), ended.clone())));
    let (gone, others): (Vec<_>, Vec<_>) = concluded
        .await
        .into_iter()
        .partition(|result| result.as_ref().is_err_and(StageError::is_output_gone));
    // A branch that leaves before its end has come has had what it wants, as long as one stays.
    let all_gone = others.is_empty();
    others.into_iter().collect::<Result<(), _>>()?;
    match gone.into_iter().next() {
        Some(gone) if all_gone => gone,
        _ => ended,
    }
}

/// What [`spread`] has in hand.
struct Spread<'a, T: Send + 'static, F: Encode<T>> {
    context: &'a StageContext,
    /// `None` for a branch that has left.
    outputs: Vec<Option<Sender<T, F>>>,
    route: Route<T>,
    /// The branch whose turn it is.
    next: usize,
    /// The branch that took the last item.
    last: usize,
    /// What was taken and not handed on yet.
    held: Option<Event<T>>,
    /// The turn of `next` is over, and it is to be told.
    turn_over: bool,
    waits: Waits,
}

/// Where something goes.
enum Target {
    Everywhere,
    One(usize),
    Nowhere,
}

impl<T: Send + 'static, F: Encode<T>> Spread<'_, T, F> {
    fn poll(
        &mut self,
        mut input: Pin<&mut impl Stream<Item = Flow<T>>>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), StageError>> {
        loop {
            let placed = self.poll_place(cx);
            match &placed {
                Poll::Pending => self.waits.begin(),
                Poll::Ready(_) => self.waits.end(),
            }
            ready!(placed)?;
            match input.as_mut().poll_next(cx) {
                Poll::Ready(Some(Ok(event))) => self.hold(event),
                Poll::Ready(Some(Err(failure))) => return Poll::Ready(Err(failure)),
                Poll::Ready(None) | Poll::Pending if self.pause() => {}
                Poll::Ready(None) => return Poll::Ready(Ok(())),
                Poll::Pending => {
                    // A reader that goes while there is nothing to write counts, too.
                    for at in 0..self.outputs.len() {
                        if let Some(output) = &mut self.outputs[at]
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

    fn hold(&mut self, event: Event<T>) {
        if let (Route::ByKey(key), Event::Item(item)) = (&mut self.route, &event) {
            self.next = key(item) % self.outputs.len();
        }
        self.held = Some(event);
    }

    /// Ends the turn if one has begun; whether one did.
    fn pause(&mut self) -> bool {
        if let Route::Turns(turns) = &mut self.route {
            self.turn_over = turns.pause();
        }
        self.turn_over
    }

    /// Hands on what is held.
    fn poll_place(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StageError>> {
        if self.turn_over {
            ready!(self.poll_end_turn(cx))?;
        }
        let target = match &self.held {
            None => return Poll::Ready(Ok(())),
            Some(event) => {
                let is_item = matches!(event, Event::Item(_));
                let is_progress = matches!(event, Event::Progress(_));
                ready!(self.poll_target(is_item, is_progress, cx))?
            }
        };
        if let Some(event) = self.held.take() {
            self.place(event, &target)?;
        }
        Poll::Ready(Ok(()))
    }

    /// Waits until there is room where the held event is to go.
    fn poll_target(
        &mut self,
        is_item: bool,
        is_progress: bool,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Target, StageError>> {
        if is_progress {
            return self.poll_live(0, cx);
        }
        match &self.route {
            Route::Everywhere(_) => {
                for at in 0..self.outputs.len() {
                    ready!(self.poll_ready(at, cx))?;
                }
                Poll::Ready(Ok(Target::Everywhere))
            }
            Route::Turns(_) => {
                if self.outputs[self.next].is_none() {
                    self.end_turn();
                }
                self.poll_live(self.next, cx)
            }
            _ if !is_item => self.poll_live(self.last, cx),
            Route::ByKey(_) => {
                let has_room = ready!(self.poll_ready(self.next, cx))?;
                Poll::Ready(Ok(if has_room {
                    Target::One(self.next)
                } else {
                    Target::Nowhere
                }))
            }
            Route::Room => {
                let branches = self.outputs.len();
                for at in (self.next..branches).chain(0..self.next) {
                    if let Poll::Ready(true) = self.poll_ready(at, cx)? {
                        return Poll::Ready(Ok(Target::One(at)));
                    }
                }
                Poll::Pending
            }
        }
    }

    /// Waits for room in the branch `from`, or in the next one if it has left.
    fn poll_live(&mut self, from: usize, cx: &mut Context<'_>) -> Poll<Result<Target, StageError>> {
        let branches = self.outputs.len();
        for at in (from..branches).chain(0..from) {
            if ready!(self.poll_ready(at, cx))? {
                return Poll::Ready(Ok(Target::One(at)));
            }
        }
        Poll::Ready(Ok(Target::Nowhere))
    }

    /// Waits for room in the branch `at`; `false` if it has left.
    fn poll_ready(&mut self, at: usize, cx: &mut Context<'_>) -> Poll<Result<bool, StageError>> {
        let Some(output) = &mut self.outputs[at] else {
            return Poll::Ready(Ok(false));
        };
        Poll::Ready(match ready!(output.poll_ready(cx)) {
            Ok(()) => Ok(true),
            Err(error) => self.leave(at, error).map(|()| false),
        })
    }

    /// Lets the branch `at` go, if it only wants no more; a failure if it was the last.
    fn leave(&mut self, at: usize, error: WriteError) -> Result<(), StageError> {
        if !error.is_reader_gone() {
            return Err(StageError::output(self.context.stage(), error));
        }
        self.outputs[at] = None;
        if self.outputs.iter().all(Option::is_none) {
            return Err(StageError::output(self.context.stage(), error));
        }
        Ok(())
    }

    /// Puts an event where there is room for it.
    fn place(&mut self, event: Event<T>, target: &Target) -> Result<(), StageError> {
        let stage = self.context.stage();
        let is_item = matches!(event, Event::Item(_));
        match (target, &mut self.route) {
            (Target::Everywhere, Route::Everywhere(clone)) => {
                let mut live = self.outputs.iter_mut().flatten().peekable();
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
                if let Some(output) = &mut self.outputs[*at] {
                    push(output, event, stage)?;
                }
                if is_item {
                    self.last = *at;
                    self.next = *at;
                    match route {
                        Route::Room => self.next = (*at + 1) % self.outputs.len(),
                        Route::Turns(turns) => self.turn_over = turns.give(),
                        Route::Everywhere(_) | Route::ByKey(_) => {}
                    }
                }
            }
            _ if is_item => self.context.skip(),
            _ => {}
        }
        Ok(())
    }

    /// Tells the branch whose turn it was.
    fn poll_end_turn(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StageError>> {
        if ready!(self.poll_ready(self.next, cx))?
            && let Some(output) = &mut self.outputs[self.next]
        {
            push(output, Event::Message(TURN.into()), self.context.stage())?;
        }
        self.end_turn();
        Poll::Ready(Ok(()))
    }

    /// Gives the turn to the next branch that has not left.
    fn end_turn(&mut self) {
        self.turn_over = false;
        let branches = self.outputs.len();
        let next = (self.next + 1..branches)
            .chain(0..=self.next)
            .find(|&at| self.outputs[at].is_some())
            .unwrap_or(self.next);
        if let Route::Turns(turns) = &mut self.route {
            turns.end(next <= self.next);
        }
        self.next = next;
    }
}

fn copy<T>(event: &Event<T>, clone: fn(&T) -> T) -> Event<T> {
    match event {
        Event::Item(item) => Event::Item(clone(item)),
        Event::Message(text) => Event::Message(text.clone()),
        Event::Progress(progress) => Event::Progress(progress.clone()),
    }
}
