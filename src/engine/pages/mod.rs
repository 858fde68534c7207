//! Plain HTTP requests, without a WebSocket.
//!
//! A page is a [`Page`] in [`PAGES`]: its path, its readers, and a function that responds. GET and
//! HEAD are served, other methods are refused, and the connection stays open for the next request.
//! A path that is also a WebSocket address, such as `/`, is a page for requests without an upgrade.

mod answer;
mod health;
mod metrics;
mod page;

use hyper::http::request::Parts;

use super::core::Core;
use super::dashboard;

pub(super) use answer::{answer, text};
pub(super) use page::{Page, PageAccess};

/// All pages except those of the dashboard.
const PAGES: [Page; 2] = [health::PAGE, metrics::PAGE];

/// The requested page.
pub(super) fn find(core: &Core, asked: &Parts) -> Option<&'static Page> {
    let path = asked.uri.path();
    let dashboard: &[Page] = if core.dashboard && dashboard::is_asked_for(asked) {
        const { &dashboard::PAGES }
    } else {
        &[]
    };
    let mut pages = const { &PAGES }.iter().chain(dashboard);
    pages.find(|page| page.path == path)
}
