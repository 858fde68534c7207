use std::future::Future;

use futures::FutureExt;
use futures::future::BoxFuture;
use tracing::{Instrument, Span, field};

use super::outcome::Outcome;
use crate::stage::{StageError, StageReport};
use crate::wire::TraceContext;
use crate::worker::{Worker, trace};

/// The span of a run, its stage spans, and the propagated trace context.
pub(super) struct RunSpan {
    span: Span,
    /// A child of the span in which the run was started, if that is propagated.
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

    /// The span for the run's own ends.
    pub(super) fn span(&self) -> &Span {
        &self.span
    }

    /// The span of a stage, and the `traceparent` to trigger it with if it is remote.
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

    /// Runs `supervised` within the span and records its result.
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

/// The result of a stage.
type Ended = Result<StageReport, StageError>;

/// Runs a stage within its span and records its result.
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
