//! Pipeline files from any editor: a pipeline or a list of errors.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pipewright_cli::fuzzing::is_pipeline;

fuzz_target!(|text: &str| {
    is_pipeline(text);
});
