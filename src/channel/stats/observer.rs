use std::sync::Arc;
use std::time::Duration;

use tracing::{Span, field};

use super::super::link::Link;
use super::super::{StreamReport, StreamStats, Verdict, WriteError};
use crate::transport::EndpointStats;
use crate::wire::Direction;

/// The observers of one end: the supervisor through `StreamStats`, the worker through
/// `EndpointStats`, and a trace through a span.
///
/// They are notified with each frame, not with each item. An end within the process and without an
/// engine has only `StreamStats`.
#[derive(Default)]
pub(crate) struct StreamObserver {
    stats: Option<Arc<StreamStats>>,
    /// Boxed, because most of it is needed only once per stream.
    trace: Option<Box<StreamTrace>>,
    /// Set by the decoder.
    items: u64,
}

/// What is reported about one stream in addition to its `StreamStats`.
struct StreamTrace {
    direction: Direction,
    channel_id: String,
    counts: Option<Arc<EndpointStats>>,
    /// The span in which the end was created: that of the stage, if the end belongs to one.
    parent: Span,
    /// Created with the first frame, so that an end used elsewhere has none.
    span: Option<Span>,
    bytes: u64,
    items: u64,
    waited: Duration,
    ended: bool,
}

impl StreamObserver {
    pub(crate) fn of(link: &Link) -> Self {
        let trace = link.target().map(|(address, channel_ref)| {
            Box::new(StreamTrace {
                direction: channel_ref.direction,
                channel_id: channel_ref.channel_id.clone(),
                counts: address.counts().cloned(),
                parent: Span::current(),
                span: None,
                bytes: 0,
                items: 0,
                waited: Duration::ZERO,
                ended: false,
            })
        });
        Self {
            stats: None,
            trace,
            items: 0,
        }
    }

    pub(crate) fn show(&mut self, stats: Arc<StreamStats>) {
        self.stats = Some(stats);
    }

    /// Records that the writing end has started to end its stream.
    pub(crate) fn ending(&self) {
        if let Some(stats) = &self.stats {
            stats.set_ending();
        }
    }

    /// Records that the writing end has failed.
    pub(crate) fn failed(&self, error: &WriteError) {
        if let Some(stats) = &self.stats {
            stats.set_write_error(error);
        }
    }

    /// Notifies all observers.
    pub(crate) fn update(&mut self, mut report: StreamReport) {
        self.items = self.items.max(report.items);
        report.items = self.items;
        if let Some(stats) = &self.stats {
            stats.set(&report);
        }
        if let Some(trace) = &mut self.trace {
            trace.update(&report);
        }
    }
}

impl StreamTrace {
    fn update(&mut self, report: &StreamReport) {
        let begun = report.bytes > 0 || report.messages > 0 || report.verdict.is_some();
        if self.ended || !begun {
            return;
        }
        if self.span.is_none() {
            self.span = Some(self.begin());
        }
        if let Some(counts) = &self.counts {
            counts.of(self.direction).add(
                report.bytes.saturating_sub(self.bytes),
                report.items.saturating_sub(self.items),
                report.waited.saturating_sub(self.waited),
            );
        }
        self.bytes = report.bytes;
        self.items = report.items;
        self.waited = report.waited;
        if let Some(verdict) = &report.verdict {
            self.end(verdict.is_complete(), word(verdict));
        }
    }

    fn begin(&self) -> Span {
        match self.direction {
            Direction::Read => tracing::info_span!(
                parent: &self.parent,
                "channel.read",
                otel.kind = "consumer",
                otel.status_code = field::Empty,
                messaging.system = "pipewright",
                messaging.operation.type = "receive",
                messaging.destination.name = self.channel_id,
                pipewright.bytes = field::Empty,
                pipewright.items = field::Empty,
                pipewright.verdict = field::Empty,
            ),
            Direction::Write => tracing::info_span!(
                parent: &self.parent,
                "channel.write",
                otel.kind = "producer",
                otel.status_code = field::Empty,
                messaging.system = "pipewright",
                messaging.operation.type = "send",
                messaging.destination.name = self.channel_id,
                pipewright.bytes = field::Empty,
                pipewright.items = field::Empty,
                pipewright.verdict = field::Empty,
            ),
        }
    }

    /// Called once per stream.
    fn end(&mut self, complete: bool, verdict: &str) {
        self.ended = true;
        if let Some(counts) = &self.counts {
            counts.of(self.direction).ended(complete);
        }
        if let Some(span) = self.span.take() {
            span.record("pipewright.bytes", self.bytes);
            span.record("pipewright.items", self.items);
            span.record("pipewright.verdict", verdict);
            if !complete {
                span.record("otel.status_code", "ERROR");
            }
        }
    }
}

/// Handles an end that is dropped before its stream has ended.
impl Drop for StreamTrace {
    fn drop(&mut self) {
        if self.span.is_some() && !self.ended {
            self.end(false, "given up");
        }
    }
}

fn word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Complete => "complete",
        Verdict::CompleteUnverified => "complete, unverified",
        Verdict::Failed(_) => "failed",
    }
}
