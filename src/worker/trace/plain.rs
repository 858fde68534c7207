use tracing::Span;

use crate::wire::TraceContext;

/// The trace context for calls within `span`, if known.
pub(crate) fn place_of(_: &Span) -> Option<TraceContext> {
    None
}

/// Makes `span` the child of another span, possibly of another process.
pub(crate) fn continues(_: &Span, _: &TraceContext) {}
