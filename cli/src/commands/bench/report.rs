use std::time::Duration;

use serde::Serialize;

use super::times::Spread;
use crate::terminal::table::{Column, Table};
use crate::terminal::units;

/// The results for an engine. Measurements after a failure are missing.
#[derive(Serialize)]
pub(super) struct Report {
    engine: String,
    /// The version of this program.
    version: &'static str,
    /// Duration of each measurement.
    seconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) bytes: Option<Throughput>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) items: Option<Throughput>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) latency: Option<Spread>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) calls: Option<Rate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) channels: Option<Rate>,
    /// Why further measurements are missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) failed: Option<String>,
}

/// The maximum throughput of one stream.
#[derive(Serialize)]
pub(super) struct Throughput {
    pub(super) bytes: u64,
    pub(super) bytes_per_second: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) items: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) items_per_second: Option<u64>,
}

/// The rate of a small operation.
#[derive(Serialize)]
pub(super) struct Rate {
    pub(super) per_second: u64,
    #[serde(flatten)]
    pub(super) times: Spread,
}

impl Report {
    /// An empty report for the engine at an address.
    pub(super) fn of(engine: String, time: Duration) -> Self {
        Self {
            engine,
            version: env!("CARGO_PKG_VERSION"),
            seconds: time.as_secs_f64(),
            bytes: None,
            items: None,
            latency: None,
            calls: None,
            channels: None,
            failed: None,
        }
    }

    pub(super) fn table(&self) -> Table {
        let mut table = Table::new([
            Column::text("MEASURED"),
            Column::number("RATE"),
            Column::number("MEDIAN"),
            Column::number("99%"),
            Column::number("WORST"),
        ]);
        if let Some(bytes) = &self.bytes {
            let rate = units::rate(bytes.bytes_per_second);
            table.push(row("bytes through one channel", rate));
        }
        if let Some(items) = &self.items {
            let items = items.items_per_second.unwrap_or_default();
            let rate = format!("{} items/s", units::count(items));
            table.push(row("items through one channel", rate));
        }
        if let Some(latency) = &self.latency {
            let name = "one item, from send to receive";
            table.push(timed(name, String::new(), latency));
        }
        let rates = [
            ("calls, one after the other", &self.calls),
            ("channels, made to closed", &self.channels),
        ];
        for (name, measured) in rates {
            if let Some(rate) = measured {
                let each = format!("{}/s", units::count(rate.per_second));
                table.push(timed(name, each, &rate.times));
            }
        }
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
