//! What a plain request reads, without a WebSocket.
//!
//! A page is a [`Page`] in [`PAGES`]: its path, who may read it, and a function that answers. GET
//! and HEAD are served, any other method is refused, and the connection is kept for the next
//! request; a page needs to do nothing for that. A path that is a WebSocket address too, such as `/`,
//! is a page for whoever does not ask for an upgrade.

mod answer;
mod health;
mod metrics;
mod page;

use hyper::http::request::Parts;

use super::core::Core;
use super::dashboard;

pub(super) use answer::{answer, text};
pub(super) use page::{May, Page};

/// Every page but those of the dashboard, in no order.
const PAGES: [Page; 2] = [health::PAGE, metrics::PAGE];

/// The page that is asked for.
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
