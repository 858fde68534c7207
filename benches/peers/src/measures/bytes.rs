use anyhow::{Context, Result, ensure};
use pipewright_bench_roles::Process;
use std::process::Command;

use crate::link::{Role, rate, role};
use crate::options::Options;
use crate::ours::Ours;
use crate::rounds::interleave;
use crate::row::{Row, Target};

/// Bytes per round.
const BYTES: u64 = 1 << 30;

/// Bytes between processes in writes of 64 KiB: through our engine, and through other relays.
pub(crate) fn measure(options: &Options) -> Result<Vec<Row>> {
    let bytes = options.amount(BYTES);
    let ours = Ours::start()?;
    let (tcp, websocket) = (
        Process::role(&["tcp-relay"])?,
        Process::role(&["ws-relay"])?,
    );
    let (tcp, websocket) = (Relay::of(tcp)?, Relay::of(websocket)?);
    let directory = tempfile::tempdir()?;
    let pipe = directory.path().join("pipe");
    let made = Command::new("mkfifo")
        .arg(&pipe)
        .status()
        .context("mkfifo is needed")?;
    ensure!(made.success(), "mkfifo failed");
    let pipe = pipe.to_string_lossy();

    let [
        through_engine,
        through_tcp,
        through_websocket,
        through_pipe,
        through_sdk,
    ] = interleave(
        options.rounds(),
        [
            Box::new(|| {
                let [writer, reader] = ours.channel()?;
                let write = role([&"write", &ours.url, &writer, &bytes]);
                rate(&write, &role([&"read", &ours.url, &reader]), bytes)
            }),
            Box::new(|| {
                let write = role([&"tcp-write", &tcp.address, &bytes]);
                rate(&write, &role([&"tcp-read", &tcp.address]), bytes)
            }),
            Box::new(|| {
                let write = role([&"ws-write", &websocket.address, &bytes]);
                rate(&write, &role([&"ws-read", &websocket.address]), bytes)
            }),
            Box::new(|| {
                let write = role([&"pipe-write", &pipe, &bytes]);
                rate(&write, &role([&"pipe-read", &pipe]), bytes)
            }),
            Box::new(|| {
                let [writer, reader] = ours.channel()?;
                let write = role([&"sdk-write", &ours.url, &writer, &bytes]);
                rate(&write, &role([&"sdk-read", &ours.url, &reader]), bytes)
            }),
        ],
    )?;
    let row = |peer: &str, figures: &[f64], target| {
        Row::versus(
            format!("bytes, vs. {peer}"),
            "B/s",
            &through_engine,
            figures,
            target,
        )
    };
    Ok(vec![
        row("plain TCP relay", &through_tcp, Some(Target::AtLeast(0.95))),
        row("tokio-tungstenite relay", &through_websocket, None),
        row("Unix pipe, no relay", &through_pipe, None),
        row("iii-sdk on the same engine", &through_sdk, None),
    ])
}

/// A relay and its address.
pub(super) struct Relay {
    /// Dropping this ends the relay.
    _process: Process,
    pub(super) address: String,
}

impl Relay {
    pub(super) fn of(process: Process) -> Result<Self> {
        let address = process.line()?;
        Ok(Self {
            _process: process,
            address,
        })
    }
}

/// The roles of a writer and a reader over a new channel of our engine.
pub(super) fn write_and_read(ours: &Ours, bytes: u64) -> Result<[Role; 2]> {
    let [writer, reader] = ours.channel()?;
    Ok([
        role([&"write", &ours.url, &writer, &bytes]),
        role([&"read", &ours.url, &reader]),
    ])
}
