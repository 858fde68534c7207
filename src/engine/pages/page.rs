use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::Response;
use hyper::http::request::Parts;

use crate::engine::core::Core;

/// A page at one path.
pub(in crate::engine) struct Page {
    pub(in crate::engine) path: &'static str,
    pub(in crate::engine) may: PageAccess,
    /// Responds without waiting; called after the request was allowed.
    pub(in crate::engine) answer: fn(&Arc<Core>, &Parts) -> Response<Full<Bytes>>,
}

/// The readers of a page.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine) enum PageAccess {
    /// Every client that can reach the port. The page must not reveal what the engine holds.
    Everybody,
    /// Clients that may call the function with this id. They need a token if the engine requires
    /// one, and must not be a page of another origin. The function need not exist: its id is only
    /// matched against the patterns of a [`Role`](crate::Role).
    Trigger(&'static str),
}
