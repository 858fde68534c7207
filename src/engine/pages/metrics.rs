use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::http::request::Parts;
use hyper::{Response, StatusCode};

use super::{Page, PageAccess, answer};
use crate::engine::core::Core;
use crate::engine::metrics::text;
use crate::wire::Exposition;

/// The engine's metrics for Prometheus. As with `pipewright top`, reading them requires permission
/// to call the engine's list functions, so a role with `engine::*::list` allows both.
pub(super) const PAGE: Page = Page {
    path: "/metrics",
    may: PageAccess::Trigger("engine::metrics::list"),
    answer: metrics,
};

fn metrics(core: &Arc<Core>, _: &Parts) -> Response<Full<Bytes>> {
    answer(
        StatusCode::OK,
        Exposition::<String>::CONTENT_TYPE,
        text(core),
    )
}
