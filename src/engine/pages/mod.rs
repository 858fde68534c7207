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

pub(super) use answer::{answer, text};
pub(super) use page::{May, Page};

/// Every page, in no order.
const PAGES: [Page; 2] = [health::PAGE, metrics::PAGE];

/// The page at a path.
pub(super) fn find(path: &str) -> Option<&'static Page> {
    const { &PAGES }.iter().find(|page| page.path == path)
}
