use serde::Serialize;

use super::times::Spread;
use crate::cli::table::{Column, Table};
use crate::cli::units;

/// What was measured of an engine.
#[derive(Serialize)]
pub(super) struct Report {
    pub(super) engine: String,
    /// Of this program.
    pub(super) version: &'static str,
    /// How long each measurement took.
    pub(super) seconds: f64,
    pub(super) bytes: Throughput,
    pub(super) items: Throughput,
    pub(super) latency: Spread,
    pub(super) calls: Rate,
    pub(super) channels: Rate,
}

/// One stream, as fast as it goes.
#[derive(Serialize)]
pub(super) struct Throughput {
    pub(super) bytes: u64,
    pub(super) bytes_per_second: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) items: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) items_per_second: Option<u64>,
}

/// Something small, again and again.
#[derive(Serialize)]
pub(super) struct Rate {
    pub(super) per_second: u64,
    #[serde(flatten)]
    pub(super) times: Spread,
}

impl Report {
    pub(super) fn table(&self) -> Table {
        let mut table = Table::new([
            Column::text("MEASURED"),
            Column::number("RATE"),
            Column::number("MEDIAN"),
            Column::number("99%"),
            Column::number("WORST"),
        ]);
        table.push(row(
            "bytes through one channel",
            units::rate(self.bytes.bytes_per_second),
        ));
        let items = self.items.items_per_second.unwrap_or_default();
        let items = format!("{} items/s", units::count(items));
        table.push(row("items through one channel", items));
        table.push(timed(
            "one item, from send to receive",
            String::new(),
            &self.latency,
        ));
        let rate = |rate: &Rate| format!("{}/s", units::count(rate.per_second));
        table.push(timed(
            "calls, one after the other",
            rate(&self.calls),
            &self.calls.times,
        ));
        let channels = &self.channels;
        table.push(timed(
            "channels, made to closed",
            rate(channels),
            &channels.times,
        ));
        table
    }
}

fn row(name: &str, rate: String) -> [String; 5] {
    [
        name.to_owned(),
        rate,
        String::new(),
        String::new(),
        String::new(),
    ]
}

fn timed(name: &str, rate: String, times: &Spread) -> [String; 5] {
    let [median, rare, worst] = [times.p50_us, times.p99_us, times.max_us].map(micros);
    [name.to_owned(), rate, median, rare, worst]
}

fn micros(time: f64) -> String {
    if time < 10_000.0 {
        format!("{time:.0} \u{b5}s")
    } else {
        format!("{:.1} ms", time / 1000.0)
    }
}
