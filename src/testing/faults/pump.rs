use std::future::pending;
use std::io;
use std::time::Duration;

use bytes::{Buf, BytesMut};
use memchr::memmem;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::broadcast;
use tokio::time::{Instant, sleep_until};

use super::dead_line::DeadLine;
use super::fault_plan::Step;
use super::proxy_state::{ManualFault, ProxyState};
use super::{Fault, InjectedFault, Sockets, Way};
use crate::transport::later;

/// Maximum number of bytes to read and forward at once.
const PIECE: usize = 64 << 10;

/// Number of pieces per second in a throttled direction.
const PIECES_A_SECOND: u32 = 50;

/// The end of an HTTP header section.
const BLANK_LINE: &[u8] = b"\r\n\r\n";

/// One direction of one connection: forwards bytes and applies planned and explicitly triggered
/// faults.
pub(super) struct Pump<'a> {
    pub(super) from: ReadHalf<'a>,
    pub(super) to: WriteHalf<'a>,
    pub(super) way: Way,
    pub(super) connection: u64,
    pub(super) sockets: Sockets,
    pub(super) line: &'a ProxyState,
    /// Shared with the other direction.
    pub(super) dead: &'a DeadLine,
    pub(super) orders: &'a mut broadcast::Receiver<ManualFault>,
    /// Whether explicitly triggered faults apply to this connection.
    pub(super) obeys: bool,
    pub(super) steps: std::vec::IntoIter<Step>,
    /// Received bytes that were not processed yet.
    pub(super) received: BytesMut,
    pub(super) state: State,
}

/// The effects of past faults.
#[derive(Default)]
pub(super) struct State {
    head: Head,
    /// Bytes being forwarded. A step is due only when this is empty.
    piece: BytesMut,
    /// Number of counted bytes that were cut into pieces.
    counted: u64,
    stalled: bool,
    discards: bool,
    held: Option<Instant>,
    delay: Duration,
    rate: Option<u32>,
    /// Bits to flip in the next byte.
    flip: u8,
}

/// The header section of the handshake, whose bytes do not count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Head {
    Passing,
    /// The received bytes may contain the start of the header's end.
    Unsure,
    /// It was forwarded, or it counts like the rest.
    #[default]
    Passed,
}

impl State {
    /// The initial state; `skips_head` excludes the bytes of the header section from the count.
    pub(super) fn new(skips_head: bool) -> Self {
        Self {
            head: if skips_head {
                Head::Passing
            } else {
                Head::Passed
            },
            ..Self::default()
        }
    }
}

/// How a direction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// The source ended it, and the other side was notified.
    Finished,
    /// Both directions must end.
    Cut,
    /// Both directions must be reset.
    Reset,
}

impl Pump<'_> {
    /// Runs until this direction has ended.
    pub(super) async fn run(mut self) -> Ended {
        loop {
            let fault = if let Some(fault) = self.due() {
                Some(fault)
            } else {
                tokio::select! {
                    biased;
                    order = self.orders.recv(), if self.obeys => self.ordered(order),
                    went = Self::advance(
                        &mut self.from,
                        &mut self.to,
                        &mut self.received,
                        &mut self.state,
                    ) => match went {
                        Ok(PumpStep::Out(bytes)) => {
                            self.line.carry(bytes);
                            None
                        }
                        Ok(PumpStep::In) => {
                            self.cut_piece();
                            None
                        }
                        Ok(PumpStep::End) => return Ended::Finished,
                        // If one side has disconnected, the other side ends too.
                        Err(_) => return Ended::Reset,
                    },
                }
            };
            if let Some(fault) = fault
                && let Some(ended) = self.strike(fault).await
            {
                return ended;
            }
        }
    }

    fn ordered(&self, order: Result<ManualFault, broadcast::error::RecvError>) -> Option<Fault> {
        order
            .ok()
            .filter(|order| order.way == self.way)
            .map(|order| order.fault)
    }

    /// The next fault of the plan, if it is due.
    fn due(&mut self) -> Option<Fault> {
        let here = self.steps.as_slice().first()?.after == self.state.counted;
        let free =
            self.state.piece.is_empty() && self.state.head == Head::Passed && !self.state.stalled;
        let free = free && self.state.held.is_none();
        if here && free {
            self.steps.next().map(|step| step.fault)
        } else {
            None
        }
    }

    async fn strike(&mut self, fault: Fault) -> Option<Ended> {
        let state = &mut self.state;
        let strike = InjectedFault {
            connection: self.connection,
            sockets: self.sockets,
            way: self.way,
            after: state.counted,
            fault,
        };
        let ended = match fault {
            Fault::Cut => Some(Ended::Cut),
            Fault::Reset => Some(Ended::Reset),
            Fault::HalfClose => {
                state.discards = true;
                // A side that has already disconnected need not be closed.
                let _ = self.to.shutdown().await;
                None
            }
            Fault::Stall => {
                if !std::mem::replace(&mut state.stalled, true)
                    && let Err(error) = self.dead.stall([self.from.as_ref(), self.to.as_ref()])
                {
                    tracing::debug!(%error, "a stalled line still acknowledges");
                }
                None
            }
            Fault::Pause(time) => {
                state.held = Some(later(Instant::now(), time));
                None
            }
            Fault::Delay(time) => {
                state.delay = time;
                None
            }
            Fault::Throttle(rate) => {
                state.rate = Some(rate.max(1));
                None
            }
            Fault::FlipBit(bit) => {
                state.flip ^= 1_u8.rotate_left(bit.into());
                None
            }
        };
        self.line.struck(strike);
        ended
    }

    /// Performs the next step. Cancel safe: no bytes are in transit while it waits.
    async fn advance(
        from: &mut ReadHalf<'_>,
        to: &mut WriteHalf<'_>,
        received: &mut BytesMut,
        state: &mut State,
    ) -> io::Result<PumpStep> {
        if state.stalled {
            return pending().await;
        }
        if let Some(until) = state.held {
            sleep_until(until).await;
            state.held = None;
            return Ok(PumpStep::Out(0));
        }
        if !state.piece.is_empty() {
            let written = if state.discards {
                state.piece.len()
            } else {
                to.write(&state.piece).await?
            };
            state.piece.advance(written);
            if let Some(rate) = state.rate {
                let written = u32::try_from(written).unwrap_or(u32::MAX);
                let time = f64::from(written) / f64::from(rate);
                state.held = Some(later(Instant::now(), Duration::from_secs_f64(time)));
            }
            return Ok(PumpStep::Out(written));
        }
        if received.is_empty() || state.head == Head::Unsure {
            received.reserve(PIECE);
            if from.read_buf(received).await? == 0 {
                if state.head == Head::Unsure {
                    // The rest of an incomplete header section.
                    state.head = Head::Passing;
                    state.piece = received.split();
                    return Ok(PumpStep::Out(0));
                }
                if !state.discards {
                    to.shutdown().await?;
                }
                return Ok(PumpStep::End);
            }
        }
        Ok(PumpStep::In)
    }

    /// Takes the next piece of the received bytes, up to the position of the next fault.
    fn cut_piece(&mut self) {
        let received = &mut self.received;
        let state = &mut self.state;
        if state.head != Head::Passed {
            let end = memmem::find(received, BLANK_LINE);
            let len = match end {
                Some(at) => at + BLANK_LINE.len(),
                // The last bytes may be the beginning of the blank line.
                None if received.len() >= BLANK_LINE.len() => received.len() - 3,
                None => 0,
            };
            state.head = end.map_or(Head::Unsure, |_| Head::Passed);
            state.piece = received.split_to(len);
            return;
        }
        let next = self.steps.as_slice().first();
        let until = next.map_or(u64::MAX, |step| step.after - state.counted);
        let rate = state
            .rate
            .map_or(u32::MAX, |rate| rate.div_ceil(PIECES_A_SECOND));
        let most = until.min(rate.into()).min(PIECE as u64);
        let len = received.len().min(usize::try_from(most).unwrap_or(PIECE));
        let mut piece = received.split_to(len);
        if let Some(first) = piece.first_mut() {
            *first ^= std::mem::take(&mut state.flip);
        }
        state.counted += len as u64;
        state.piece = piece;
        if !state.delay.is_zero() {
            state.held = Some(later(Instant::now(), state.delay));
        }
    }
}

/// The result of [`Pump::advance`].
enum PumpStep {
    /// This many bytes were forwarded.
    Out(usize),
    /// Bytes were received.
    In,
    /// The source has ended.
    End,
}
