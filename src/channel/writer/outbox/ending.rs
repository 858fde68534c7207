//! Ends the stream of an outbox: closes or aborts it, and waits for the peer's confirmation.

use std::task::{Context, Poll, ready};

use super::Outbox;
use super::state::{State, poll_closed};
use crate::channel::WriteError;
use crate::channel::writer::outcome::{EndKind, Phase};
use crate::transport::IdleTimeout;
use crate::wire::Abort;

impl Outbox {
    /// Waits until the stream has ended and the peer has confirmed it.
    pub(crate) fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>> {
        self.refuse_what_cannot_be();
        if matches!(self.state, State::Open(_)) {
            self.packer.end();
            self.refuse_what_cannot_be();
            self.observe();
            self.end(EndKind::Whole);
        }
        let closed = match self.state.phase() {
            (_, EndKind::Aborted(_)) => Poll::Ready(Err(WriteError::Closed)),
            (_, EndKind::Refused(_)) => self.poll_no_more(cx),
            (_, EndKind::Whole) => self.poll_end(cx),
        };
        self.counted(closed)
    }

    /// Waits until the reader was notified that the stream failed.
    ///
    /// Data that was not passed to the connection is dropped. A stream whose end message is already
    /// queued is not aborted.
    pub(crate) fn poll_abort(
        &mut self,
        cx: &mut Context<'_>,
        abort: &Abort,
    ) -> Poll<Result<(), WriteError>> {
        if matches!(self.state, State::Open(_)) {
            self.packer.abort(abort);
            self.end(EndKind::Aborted(abort.clone()));
        }
        let aborted = self.poll_end(cx);
        self.counted(aborted)
    }

    /// Enters `Ending`; the last message is queued.
    fn end(&mut self, how: EndKind) {
        self.observer.ending();
        if let State::Open(link) = &mut self.state {
            self.state = State::Ending {
                link: link.take(),
                how,
                dropped: None,
            };
        }
    }

    /// Ends a stream whose header is too long or whose compression failed, and sends the reason to
    /// its reader.
    pub(super) fn refuse_what_cannot_be(&mut self) {
        if matches!(self.state, State::Open(_))
            && let Err(error) = self.packer.prepare()
        {
            let abort = Abort::new("refused", error.to_string());
            self.packer.abort(&abort);
            self.end(EndKind::Refused(error));
        }
    }

    /// Bounds the end of a stream whose writer was dropped: it is abandoned if the peer sends
    /// nothing within the close timeout.
    pub(in crate::channel::writer) fn bound_the_end(&mut self) {
        if let State::Ending { dropped, .. } = &mut self.state {
            *dropped = Some(IdleTimeout::of("the engine", self.close_timeout));
        }
    }

    /// Whether the end message is queued, so that the stream may still be complete.
    pub(in crate::channel::writer) fn is_ending_whole(&self) -> bool {
        matches!(
            self.state.phase(),
            (Phase::Ending | Phase::Closing, EndKind::Whole)
        )
    }

    pub(super) fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>> {
        loop {
            match &mut self.state {
                State::Open(_) => return Poll::Ready(Ok(())),
                State::Over { result, .. } => return Poll::Ready(result.clone()),
                State::Ending { .. } => ready!(self.poll_ending(cx))?,
                State::Closing { .. } => ready!(self.poll_confirmation(cx)),
            }
        }
    }

    /// Sends what is queued, then the close frame.
    fn poll_ending(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>> {
        let sent = match self.poll_drain(cx) {
            Poll::Ready(Ok(())) => self.poll_flush_link(cx),
            other => other,
        };
        if sent.is_pending()
            && let State::Ending {
                dropped: Some(dropped),
                ..
            } = &mut self.state
        {
            ready!(dropped.poll(cx));
            let after = self.close_timeout;
            return Poll::Ready(Err(self.fail(cx, WriteError::CloseTimeout { after })));
        }
        ready!(sent)?;
        let State::Ending { link, how, .. } = &mut self.state else {
            return Poll::Ready(Ok(()));
        };
        let (link, how) = (link.take().into_open(), how.clone());
        self.state = match link {
            Some(mut link) => match link.start_close(how.close()) {
                Ok(()) => State::Closing {
                    link,
                    how,
                    deadline: IdleTimeout::of("the engine", self.close_timeout),
                    flushed: false,
                },
                Err(error) => State::Over {
                    how,
                    result: Err(error.into()),
                },
            },
            None => State::Over {
                how,
                result: Err(WriteError::Closed),
            },
        };
        Poll::Ready(Ok(()))
    }

    /// Waits for the peer's close frame, the answer to ours.
    fn poll_confirmation(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let State::Closing {
            link,
            how,
            deadline,
            flushed,
        } = &mut self.state
        else {
            return Poll::Ready(());
        };
        // This fails if the peer has already closed, and `poll_receive` returns the reason.
        if link.poll_flush(cx).is_ready() && !std::mem::replace(flushed, true) {
            deadline.heard();
        }
        let confirmed = poll_closed(&mut **link, (Phase::Closing, how), Some(deadline), cx);
        let result = match confirmed {
            Poll::Ready(result) => result,
            Poll::Pending => {
                ready!(deadline.poll(cx));
                let after = self.close_timeout;
                Err(WriteError::CloseTimeout { after })
            }
        };
        if let Err(error) = &result {
            self.observer.failed(error);
        }
        let how = how.clone();
        self.state = State::Over { how, result };
        let report = self.report();
        self.observer.update(report);
        Poll::Ready(())
    }
}
