use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::http::request::Parts;
use hyper::{Response, StatusCode};

use super::{May, Page, answer};
use crate::engine::core::Core;
use crate::wire::Exposition;

/// What the engine counts, for Prometheus. Reading it counts as triggering a function of the engine
/// that lists, as `pipewright top` does, so that a role with `engine::*::list` has both.
pub(super) const PAGE: Page = Page {
    path: "/metrics",
    may: May::Trigger("engine::metrics::list"),
    answer: metrics,
};

fn metrics(core: &Arc<Core>, _: &Parts) -> Response<Full<Bytes>> {
    let stats = core.stats();
    let mut text = Exposition::new();
    text.gauge(
        "pipewright_engine_workers",
        "Control connections.",
        stats.workers,
    );
    text.gauge(
        "pipewright_engine_channels",
        "Channels that are not finished.",
        stats.channels,
    );
    answer(StatusCode::OK, Exposition::CONTENT_TYPE, text.into_string())
}
