//! The dashboard: a page for browsers, and its data as JSON.
//!
//! `page/` is served unchanged. The page contains no data of the engine; it requests
//! [`State`](state::State) once per second. Clients that may call the engine's list functions may
//! read the state; pages of other origins may not.

mod files;
mod state;

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{ACCEPT, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY};
use hyper::http::request::Parts;
use hyper::{Response, StatusCode};

use super::core::Core;
use super::pages::{Page, PageAccess, answer, text};
use files::{FILES, ROOT};
use state::State;

/// All pages: the files and the state.
pub(super) const PAGES: [Page; FILES.len() + 1] = {
    let mut pages = [STATE; FILES.len() + 1];
    let mut at = 0;
    while at < FILES.len() {
        pages[at] = Page {
            path: FILES[at].path,
            may: PageAccess::Everybody,
            answer: file,
        };
        at += 1;
    }
    pages
};

const STATE: Page = Page {
    path: "/dashboard/state.json",
    may: PageAccess::Trigger("engine::dashboard::list"),
    answer: state,
};

/// Allows only content from this engine, and forbids frames.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const FETCH_SITE: &str = "sec-fetch-site";

/// Whether this may be a browser's request for the dashboard. At the root, a client that does not
/// ask for HTML receives a text that says that the address is for workers.
pub(super) fn is_asked_for(asked: &Parts) -> bool {
    let wants_page = |accept: &HeaderValue| {
        let accept = accept.to_str().unwrap_or_default();
        accept
            .split([',', ';'])
            .any(|kind| kind.trim() == "text/html")
    };
    asked.uri.path() != ROOT || asked.headers.get_all(ACCEPT).iter().any(wants_page)
}

fn file(_: &Arc<Core>, asked: &Parts) -> Response<Full<Bytes>> {
    let path = asked.uri.path();
    match FILES.iter().find(|file| file.path == path) {
        Some(file) => guarded(answer(StatusCode::OK, file.content_type, file.content)),
        None => text(StatusCode::NOT_FOUND, "no such file\n"),
    }
}

fn state(core: &Arc<Core>, asked: &Parts) -> Response<Full<Bytes>> {
    // Browsers send it even without an origin.
    let from = asked.headers.get(FETCH_SITE);
    if from.is_some_and(|from| from != "same-origin" && from != "none") {
        let told = "the state is for the engine's own page only\n";
        return guarded(text(StatusCode::FORBIDDEN, told));
    }
    guarded(match serde_json::to_vec(&State::of(core)) {
        Ok(json) => answer(StatusCode::OK, "application/json", json),
        Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")),
    })
}

fn guarded(mut response: Response<Full<Bytes>>) -> Response<Full<Bytes>> {
    response.headers_mut().extend([
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (RESOURCE_POLICY, HeaderValue::from_static("same-origin")),
    ]);
    response
}
