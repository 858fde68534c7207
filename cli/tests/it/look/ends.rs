//! Channel ends that were used before, or that are never used.

use super::channel::{Place, parsed};

#[tokio::test]
async fn end_opened_before_is_a_distinct_error() {
    let place = Place::new().await;
    let mut reader = place.reader();
    reader.connect().await.unwrap();
    let ran = place.read().await;
    let ran = if place.house.engine.is_pipewright() {
        ran.failed(3, "was already opened", "a ref opens its end once")
    } else {
        // An iii engine accepts it and closes it without a reason.
        ran.failed(5, "before any data arrived", "this end was used before")
    };
    let key = parsed(&place.reader).access_key;
    assert!(!ran.stderr.contains(key.expose()), "{ran:?}");
}

/// The result on some engines if an end was used before, or if no writer connected.
#[tokio::test]
async fn a_stream_of_nothing_is_not_taken_for_whole() {
    let place = Place::new().await;
    let mut writer = place.writer().plain();
    let (ran, closed) = tokio::join!(place.read(), writer.close());
    closed.unwrap();
    let ran = ran.failed(5, "before any data arrived", "no writer ever connected");
    assert!(!ran.stderr.contains("ended cleanly"), "{ran:?}");
    assert_eq!(ran.stdout, b"");
}

/// A complete stream may also be empty, if its writer declares it complete.
#[tokio::test]
async fn an_empty_stream_with_totals_is_whole() {
    let place = Place::new().await;
    let mut writer = place.writer();
    let (ran, closed) = tokio::join!(place.read(), writer.close());
    closed.unwrap();
    assert_eq!(ran.succeeded().stderr, "");
}
