//! Memory during a long stream.

#![cfg(target_os = "linux")]

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{Filter, Stages};
use crate::support::within;

/// Peak memory of a process, in bytes.
fn most_memory(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().unwrap();
    kilobytes << 10
}

/// Number of bytes to transfer; `PIPEWRIGHT_TEST_STREAM` sets another number, in MiB.
fn stream() -> u64 {
    let mebibytes = std::env::var("PIPEWRIGHT_TEST_STREAM").ok();
    mebibytes.map_or(2048, |text| text.parse().unwrap()) << 20
}

#[tokio::test(flavor = "multi_thread")]
async fn long_stream_uses_no_more_memory() {
    let stages = Stages::new().await;
    let mut run = Filter::start(&stages.url, "bytes::copy");
    let len = stream();
    let mut stdin = run.stdin.take().unwrap();
    let writing = tokio::spawn(async move {
        let piece = vec![b'.'; 1 << 20];
        for _ in 0..len >> 20 {
            stdin.write_all(&piece).await.unwrap();
        }
        // Standard input stays open, so that the run still exists when it is measured.
        stdin
    });
    let mut piece = vec![0; 1 << 20];
    let mut left = len;
    let begun = std::time::Instant::now();
    while left > 0 {
        let read = within(run.stdout.read(&mut piece)).await.unwrap();
        assert!(read > 0, "{left} bytes are missing");
        left -= read as u64;
    }
    println!("{} MiB in {:?}", len >> 20, begun.elapsed());
    let (program, engine) = (run.child.id().unwrap(), stages.engine.id());
    for (name, process) in [("the program", program), ("the engine", engine)] {
        let most = most_memory(process) >> 20;
        println!("{name} had {most} MiB at the most");
        assert!(most < 64, "{name} had {most} MiB");
    }
    drop(writing.await.unwrap());
    assert_eq!(run.ended().await.code, Some(0));
}
