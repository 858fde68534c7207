use std::fs;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Result, ensure};
use pipewright_bench_roles::{Process, allow_descriptors, resident_kib};

use crate::link::role;
use crate::options::Options;
use crate::ours::Ours;
use crate::row::{Row, Target};

/// Number of open channels.
const CHANNELS: usize = 10_000;
/// Further descriptors that the engine needs.
const SPARE: usize = 100;
/// How long the engine may take to become idle.
const REST: Duration = Duration::from_millis(500);

/// Memory of channels that are open at both ends and idle. Measured once, because it does not
/// depend on time.
pub(crate) fn measure(options: &Options) -> Result<Vec<Row>> {
    let descriptors = allow_descriptors()?.saturating_sub(SPARE);
    let channels = if options.quick {
        CHANNELS / 4
    } else {
        CHANNELS
    }
    .min(descriptors);
    // If the limit of descriptors does not allow both ends of all channels.
    let read = channels.min(descriptors - channels);
    ensure!(read > 0, "the limit of open files is too low");
    let ours = Ours::start()?;
    let directory = tempfile::tempdir()?;
    let (writers, readers) = (directory.path().join("w"), directory.path().join("r"));
    ours.channels(channels, &writers, &readers)?;
    let mut refs: Vec<serde_json::Value> = serde_json::from_slice(&fs::read(&readers)?)?;
    refs.truncate(read);
    fs::write(&readers, serde_json::to_vec(&refs)?)?;

    let fresh = Ours::start()?;
    let engine_before = resident_kib(fresh.engine.id())?;
    let writers = connect("idle-writers", &ours.url, &writers.to_string_lossy())?;
    let readers = connect("idle-readers", &ours.url, &readers.to_string_lossy())?;
    sleep(REST);
    let engine = resident_kib(ours.engine.id())? - engine_before;
    let row =
        |name: String, figure: f64| Row::alone(name, "KiB", &[figure], Some(Target::AtMost(20.0)));
    Ok(vec![
        row(
            format!("idle channel in the engine, {channels} open, {read} at both ends"),
            engine / channels as f64,
        ),
        row(
            "idle writer in a client".to_owned(),
            writers.grown()? / channels as f64,
        ),
        row(
            "idle reader in a client, including its task".to_owned(),
            readers.grown()? / read as f64,
        ),
    ])
}

/// A process that holds channel ends, and its resident memory before.
struct Holder {
    process: Process,
    before: f64,
}

fn connect(name: &str, url: &str, refs: &str) -> Result<Holder> {
    let mut process = Process::role(&role([&name, &url, &refs]))?;
    process.line()?;
    let before = resident_kib(process.id())?;
    process.go()?;
    process.line()?;
    Ok(Holder { process, before })
}

impl Holder {
    fn grown(&self) -> Result<f64> {
        Ok(resident_kib(self.process.id())? - self.before)
    }
}
