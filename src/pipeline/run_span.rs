use std::future::Future;

use futures::FutureExt;
use futures::future::BoxFuture;
use tracing::{Instrument, Span, field};

use super::outcome::Outcome;
use crate::stage::{StageError, StageReport};
use crate::wire::TraceContext;
use crate::worker::{Worker, trace};

/// The span of a run, with those of its stages below it, and what of it travels.
pub(super) struct RunSpan {
    span: Span,
    /// Follows on the span that the run was started in, if there is one that travels.
    place: TraceContext,
}

impl RunSpan {
    pub(super) fn begin(worker: &Worker) -> Self {
        let span = tracing::info_span!(
            "pipeline.run",
            otel.kind = "internal",
            otel.status_code = field::Empty,
            error.type = field::Empty,
            pipewright.stages = field::Empty,
            trace_id = field::Empty,
        );
        let place = trace::place_of(&span)
            .or_else(|| worker.traceparent()?.parse().ok())
            .unwrap_or_else(TraceContext::root);
        let trace_id = format_args!("{:032x}", place.trace_id);
        span.record("trace_id", field::display(trace_id));
        Self { span, place }
    }

    /// Within which the run's own ends are made.
    pub(super) fn span(&self) -> &Span {
        &self.span
    }

    /// The span of a stage, and the `traceparent` that it is triggered with, should it be elsewhere.
    pub(super) fn stage(&self, name: &str, elsewhere: bool) -> (Span, String) {
        let span = tracing::info_span!(
            parent: &self.span,
            "stage",
            otel.kind = if elsewhere { "client" } else { "internal" },
            otel.status_code = field::Empty,
            error.type = field::Empty,
            pipewright.stage = name,
            pipewright.items_in = field::Empty,
            pipewright.items_out = field::Empty,
            pipewright.bytes_in = field::Empty,
            pipewright.bytes_out = field::Empty,
        );
        let place = trace::place_of(&span).unwrap_or(self.place);
        (span, place.to_string())
    }

    /// `supervised` within the span, which tells in the end what came of it.
    pub(super) async fn over(self, supervised: impl Future<Output = Outcome>) -> Outcome {
        let outcome = supervised.instrument(self.span.clone()).await;
        let Self { span, .. } = self;
        span.record("pipewright.stages", outcome.stages.len());
        if let Some(failure) = outcome.ending.first_failure() {
            fails(&span, failure);
        }
        outcome
    }
}

/// What a stage comes to.
type Ended = Result<StageReport, StageError>;

/// The work of a stage within its span, which tells in the end what came of it.
pub(super) fn within(span: Span, work: BoxFuture<'static, Ended>) -> BoxFuture<'static, Ended> {
    async move {
        let ended = work.instrument(span.clone()).await;
        match &ended {
            Ok(report) => {
                span.record("pipewright.items_in", report.items_in);
                span.record("pipewright.items_out", report.items_out);
                span.record("pipewright.bytes_in", report.bytes_in);
                span.record("pipewright.bytes_out", report.bytes_out);
            }
            Err(failure) => fails(&span, failure),
        }
        ended
    }
    .boxed()
}

fn fails(span: &Span, failure: &StageError) {
    span.record("otel.status_code", "ERROR");
    span.record("error.type", failure.abort().code.as_str());
}
