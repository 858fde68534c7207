use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::http::request::Parts;
use hyper::{Response, StatusCode};

use super::{Page, PageAccess, text};
use crate::engine::core::Core;

/// Health check for process supervisors: whether the engine serves. It contains nothing else.
pub(super) const PAGE: Page = Page {
    path: "/healthz",
    may: PageAccess::Everybody,
    answer: health,
};

fn health(core: &Arc<Core>, _: &Parts) -> Response<Full<Bytes>> {
    if core.stopping.is_cancelled() {
        text(StatusCode::SERVICE_UNAVAILABLE, "stopping\n")
    } else {
        text(StatusCode::OK, "ok\n")
    }
}

#[cfg(test)]
mod tests {
    use hyper::Request;

    use super::health;
    use crate::engine::access::Access;
    use crate::engine::core::Core;
    use crate::engine::limits::Limits;

    #[test]
    fn an_engine_that_stops_is_not_healthy() {
        let core = Core::new(Limits::default(), Access::default(), false, true);
        let (asked, ()) = Request::new(()).into_parts();
        assert_eq!(health(&core, &asked).status(), 200);
        core.stopping.cancel();
        assert_eq!(health(&core, &asked).status(), 503);
    }
}
