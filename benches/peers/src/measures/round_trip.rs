use anyhow::{Context, Result};
use pipewright_bench_roles::Process;

use super::bytes::Relay;
use crate::link::{Role, role};
use crate::options::Options;
use crate::ours::Ours;
use crate::row::{Row, Target};

/// Round trips per round.
const TRIPS: u64 = 8_000;

/// Sends 64 bytes to a worker that echoes them: over two channels, and over two plain TCP relays.
pub(crate) fn measure(options: &Options) -> Result<Vec<Row>> {
    let trips = options.amount(TRIPS);
    let ours = Ours::start()?;
    let tcp = Relay::of(Process::role(&["tcp-relay"])?)?;
    let (mut medians, mut highs) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
    for _ in 0..options.rounds() {
        let [to_echo, at_echo] = ours.channel()?;
        let [to_ping, at_ping] = ours.channel()?;
        let through_engine = trip(
            &role([&"echo", &ours.url, &at_echo, &to_ping]),
            &role([&"ping", &ours.url, &to_echo, &at_ping, &trips]),
        )?;
        let through_tcp = trip(
            &role([&"tcp-echo", &tcp.address]),
            &role([&"tcp-ping", &tcp.address, &trips]),
        )?;
        for (side, (median, high)) in [through_engine, through_tcp].into_iter().enumerate() {
            medians[side].push(median);
            highs[side].push(high);
        }
    }
    let row = |name, [ours, peer]: &[Vec<f64>; 2], target| {
        Row::versus(name, "us", ours, peer, Some(Target::AtMost(target)))
    };
    Ok(vec![
        row(
            "round trip of 64 bytes, median, vs. two plain TCP relays",
            &medians,
            1.25,
        ),
        row(
            "round trip of 64 bytes, 99th percentile, vs. the same",
            &highs,
            2.0,
        ),
    ])
}

/// The median and the 99th percentile in microseconds.
fn trip(echo: &Role, ping: &Role) -> Result<(f64, f64)> {
    let echo = Process::role(echo)?;
    echo.line()?;
    let mut ping = Process::role(ping)?;
    ping.line()?;
    ping.go()?;
    let measured = ping.line()?;
    let (median, high) = measured.split_once(' ').context("two numbers")?;
    let measured = (median.parse()?, high.parse()?);
    ping.finish()?;
    echo.finish()?;
    Ok(measured)
}
