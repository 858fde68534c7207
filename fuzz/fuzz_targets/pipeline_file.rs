//! Pipeline files, from any editor: a pipeline or a list of mistakes.
//!
//! The program's own folder is compiled in here, as far as it is needed, because a program has no
//! API.

#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;

#[allow(dead_code, unused_imports, clippy::pedantic, reason = "a part of it")]
#[path = "../../cli/src"]
mod program {
    mod draft;
    mod exit;
    mod failure;
    mod pipeline_file;
    mod similar;
    mod tell;

    /// Stands for the program's log, which nobody asks for here.
    mod log {
        pub(super) fn is_json() -> bool {
            false
        }
    }

    pub(super) fn read(text: &str, path: &super::Path) -> bool {
        pipeline_file::PipelineFile::parse(text.to_owned(), path).is_ok()
    }
}

fuzz_target!(|text: &str| {
    program::read(text, Path::new("a.toml"));
});
