use std::fs::File;
use std::io::Read;
use std::io::{Write, copy, repeat};

use anyhow::Result;
use pipewright_bench_roles::Process;

use super::bytes::Relay;
use crate::link::{rate, role};
use crate::options::Options;
use crate::ours::Ours;
use crate::rounds::interleave;
use crate::row::{Row, Target};

/// Size of the file in bytes.
const BYTES: u64 = 1 << 30;

/// Copies a file with `tokio::io::copy` into a channel, and into a plain TCP relay.
pub(crate) fn measure(options: &Options) -> Result<Vec<Row>> {
    let bytes = options.amount(BYTES);
    let mut file = tempfile::NamedTempFile::new()?;
    copy(&mut repeat(7).take(bytes), file.as_file_mut())?;
    file.flush()?;
    let path = file.path().to_string_lossy();
    // Loads the file into the page cache, so that all rounds are equal.
    copy(&mut File::open(file.path())?, &mut std::io::sink())?;
    let ours = Ours::start()?;
    let tcp = Relay::of(Process::role(&["tcp-relay"])?)?;

    let [through_engine, through_tcp] = interleave(
        options.rounds(),
        [
            Box::new(|| {
                let [writer, reader] = ours.channel()?;
                let copy = role([&"copy", &ours.url, &writer, &path]);
                rate(&copy, &role([&"read", &ours.url, &reader]), bytes)
            }),
            Box::new(|| {
                let copy = role([&"tcp-copy", &tcp.address, &path]);
                rate(&copy, &role([&"tcp-read", &tcp.address]), bytes)
            }),
        ],
    )?;
    let name = "file with tokio::io::copy, vs. plain TCP relay";
    let target = Some(Target::AtLeast(0.9));
    Ok(vec![Row::versus(
        name,
        "B/s",
        &through_engine,
        &through_tcp,
        target,
    )])
}
