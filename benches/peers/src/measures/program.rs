use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Result, ensure};
use pipewright_bench_roles::Process;

use crate::options::Options;
use crate::rounds::interleave;
use crate::row::{Row, Target};

/// The release program: the start-up time of its engine, and its size.
pub(crate) fn measure(options: &Options) -> Result<Vec<Row>> {
    let program = build()?;
    let [starts] = interleave(
        options.rounds(),
        [Box::new(|| {
            let mut command = Command::new(&program);
            command.args(["engine", "--listen", "127.0.0.1:0"]);
            let begun = Instant::now();
            let engine = Process::start(&mut command, "pipewright engine")?;
            let line = engine.line()?;
            let elapsed = begun.elapsed();
            ensure!(line.contains("ready"), "the engine says {line}");
            Ok(elapsed.as_secs_f64() * 1e3)
        })],
    )?;
    let size = std::fs::metadata(&program)?.len() as f64 / f64::from(1 << 20);
    Ok(vec![
        Row::alone(
            "engine startup, until ready",
            "ms",
            &starts,
            Some(Target::AtMost(20.0)),
        ),
        Row::alone(
            "size of the release binary",
            "MiB",
            &[size],
            Some(Target::AtMost(10.0)),
        ),
    ])
}

/// Builds the program as a user would, if it is not built yet.
fn build() -> Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let built = Command::new("cargo")
        .args(["build", "--release", "--bin", "pipewright", "--quiet"])
        .arg("--target-dir")
        .arg(root.join("target"))
        .arg("--manifest-path")
        .arg(root.join("Cargo.toml"))
        .status()?;
    ensure!(built.success(), "the program does not build");
    Ok(root.join("target/release/pipewright"))
}
