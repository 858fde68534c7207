//! Messages of the control socket, from any peer.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pipewright::find_refs;
use pipewright::fuzzing::recode_control;
use serde_json::Value;

fuzz_target!(|text: &str| {
    if let Some(once) = recode_control(text) {
        let twice = recode_control(&once);
        assert_eq!(twice.as_deref(), Some(&*once), "read again, it is another");
    }
    if let Ok(payload) = serde_json::from_str::<Value>(text) {
        for found in find_refs(&payload) {
            let shown = format!("{:?}", found.channel_ref.access_key);
            assert_eq!(shown, "***");
        }
    }
});
