use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::Response;
use hyper::http::request::Parts;

use crate::engine::core::Core;

/// What is read at one path.
pub(in crate::engine) struct Page {
    pub(in crate::engine) path: &'static str,
    pub(in crate::engine) may: May,
    /// Does not wait; called once the request is allowed.
    pub(in crate::engine) answer: fn(&Arc<Core>, &Parts) -> Response<Full<Bytes>>,
}

/// Who may read a page.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine) enum May {
    /// Whoever reaches the port, so that the page must tell nothing of what the engine holds.
    Everybody,
    /// Whoever may trigger the function of this id, with a token where the engine wants one;
    /// no page from elsewhere. The function need not exist: the id is what the patterns of a
    /// [`Role`](crate::Role) are held against.
    Trigger(&'static str),
}
