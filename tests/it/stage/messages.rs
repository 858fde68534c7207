//! Compiler messages for invalid stages, word for word, and stages that must compile.

use std::env;
use std::io::Write;
use std::process::Command;

/// The compiler version of the messages in `tests/ui`. Other versions phrase some of them
/// differently.
const COMPILER: &str = "rustc 1.95.";

/// If this is set to `require`, a run with another compiler fails.
const POLICY: &str = "PIPEWRIGHT_UI";

#[test]
fn every_mistake_is_told_in_words() {
    let compiler = compiler();
    if compiler.starts_with(COMPILER) {
        let cases = trybuild::TestCases::new();
        cases.compile_fail("tests/ui/*.rs");
        cases.pass("tests/ui/pass/*.rs");
        return;
    }
    let skipped =
        format!("NOT RUN: tests/ui, whose messages are those of {COMPILER}x; this is {compiler}");
    assert_ne!(env::var(POLICY).as_deref(), Ok("require"), "{skipped}");
    // `eprintln!` would be captured, because the test passes.
    writeln!(std::io::stderr(), "{skipped}").expect("the standard error is open");
}

fn compiler() -> String {
    let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let output = Command::new(rustc)
        .arg("--version")
        .output()
        .expect("the compiler runs");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
