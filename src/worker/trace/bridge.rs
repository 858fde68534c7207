use std::num::{NonZeroU64, NonZeroU128};

use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::wire::TraceContext;

/// The trace context for calls within `span`, if the program has set up OpenTelemetry.
pub(crate) fn place_of(span: &Span) -> Option<TraceContext> {
    if span.is_disabled() {
        return None;
    }
    let context = span.context();
    let place = context.span().span_context().clone();
    Some(TraceContext {
        trace_id: NonZeroU128::new(u128::from_be_bytes(place.trace_id().to_bytes()))?,
        span_id: NonZeroU64::new(u64::from_be_bytes(place.span_id().to_bytes()))?,
        flags: place.trace_flags().to_u8(),
    })
}

/// Makes `span` the child of another span, possibly of another process. Must be called before the
/// span is entered.
pub(crate) fn continues(span: &Span, on: &TraceContext) {
    if span.is_disabled() {
        return;
    }
    let parent = SpanContext::new(
        TraceId::from_bytes(on.trace_id.get().to_be_bytes()),
        SpanId::from_bytes(on.span_id.get().to_be_bytes()),
        TraceFlags::new(on.flags),
        true,
        TraceState::default(),
    );
    // Without an OpenTelemetry layer there is nothing to notify.
    let _ = span.set_parent(Context::new().with_remote_span_context(parent));
}
