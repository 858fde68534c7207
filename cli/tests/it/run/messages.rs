//! Messages of stages, for which the data has no place.

use super::{Filter, Stages};

#[tokio::test]
async fn messages_are_shown_with_the_name_of_the_last_stage() {
    let stages = Stages::new().await;
    let shown = "\u{fffd}[2Jcleared\u{fffd}error: forged\n";
    for (arguments, expected) in [
        ("bytes::says", format!("bytes::says: {shown}")),
        ("bytes::says --quiet", String::new()),
    ] {
        let ended = Filter::start(&stages.url, arguments).through(b"x").await;
        assert_eq!((ended.code, &ended.stdout[..]), (Some(0), &b"x"[..]));
        assert!(ended.stderr.starts_with(&expected), "{}", ended.stderr);
        let is_shown = ended.stderr.contains("cleared");
        assert_eq!(is_shown, !expected.is_empty(), "{}", ended.stderr);
    }
}
