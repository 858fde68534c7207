use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::http::request::Parts;
use hyper::{Response, StatusCode};

use super::{May, Page, answer};
use crate::engine::core::Core;
use crate::engine::metrics::text;
use crate::wire::Exposition;

/// What the engine counts, for Prometheus. Reading it counts as triggering a function of the engine
/// that lists, as `pipewright top` does, so that a role with `engine::*::list` has both.
pub(super) const PAGE: Page = Page {
    path: "/metrics",
    may: May::Trigger("engine::metrics::list"),
    answer: metrics,
};

fn metrics(core: &Arc<Core>, _: &Parts) -> Response<Full<Bytes>> {
    answer(
        StatusCode::OK,
        Exposition::<String>::CONTENT_TYPE,
        text(core),
    )
}
