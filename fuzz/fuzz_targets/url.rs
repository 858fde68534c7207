//! Addresses of engines, refs, and requests made from both. One value per line: address, id, key,
//! direction.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pipewright::fuzzing::{channel_query, channel_url};
use pipewright::{AccessKey, Direction, EngineUrl, StreamChannelRef};
use url::Url;

const PATH: &str = "/ws/channels/";

fuzz_target!(|text: &str| {
    let mut parts = text.splitn(4, '\n');
    let mut part = || parts.next().unwrap_or_default();
    let (address, id, key) = (part(), part(), part());
    let direction = if part().starts_with('r') {
        Direction::Read
    } else {
        Direction::Write
    };
    // Arbitrary text in a request, as an engine receives it.
    let _ = channel_query(address, id);

    let Ok(engine) = address.parse::<EngineUrl>() else {
        return;
    };
    assert!(
        !engine.to_string().contains('?'),
        "the query may hold a token"
    );
    assert_eq!(engine.to_string(), format!("{engine:?}"));

    let channel_ref = StreamChannelRef {
        channel_id: id.to_owned(),
        access_key: AccessKey::new(key),
        direction,
    };
    let url: Url = channel_url(&engine, &channel_ref)
        .parse()
        .expect("what was built is a URL");
    let base: Url = address.parse().expect("it was parsed before");
    assert_eq!(
        (url.scheme(), url.host(), url.port(), url.fragment()),
        (base.scheme(), base.host(), base.port(), None)
    );
    // Whatever the id is, it is exactly the last segment of the path.
    let prefix = format!("{}{PATH}", base.path().trim_end_matches('/'));
    let escaped = url.path().strip_prefix(&prefix);
    let escaped = escaped.expect("the id has left its place");
    let parsed = channel_query(&format!("{PATH}{escaped}"), url.query().unwrap_or_default());
    assert_eq!(parsed.is_some(), !key.is_empty(), "{escaped:?}");
    if let Some(parsed) = parsed {
        assert_eq!(parsed.access_key, channel_ref.access_key);
        assert_eq!(parsed.direction, direction);
        if id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
            assert_eq!(parsed.channel_id, id);
        }
    }
});
