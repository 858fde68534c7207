//! Text frames within a stream, from any writer.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pipewright::fuzzing::recode_in_band;

fuzz_target!(|text: &str| {
    if let Some(once) = recode_in_band(text) {
        let twice = recode_in_band(&once);
        assert_eq!(twice.as_deref(), Some(&*once), "read again, it is another");
    }
});
