use std::time::Duration;

use anyhow::{Context, Result};
use pipewright_bench_roles::{peak_kib, resident_kib};

use super::bytes::write_and_read;
use crate::link::Link;
use crate::options::Options;
use crate::ours::Ours;
use crate::row::{Row, Target};

/// Bytes transferred.
const GIB: u64 = 20;

/// Memory counts as flat if it varies by no more than one channel holds: 4 MiB.
const FLAT_MIB: f64 = 4.0;

/// Sampling interval.
const LOOK: Duration = Duration::from_millis(50);

/// Resident memory of writer, engine and reader during a large transfer. Measured once.
pub(crate) fn measure(options: &Options) -> Result<Vec<Row>> {
    let gib = options.amount(GIB);
    let bytes = gib << 30;
    let ours = Ours::start()?;
    let [write, read] = write_and_read(&ours, bytes)?;
    let mut link = Link::open(&write, &read)?;
    let processes = [
        ("writer", link.writer.id()),
        ("engine", ours.engine.id()),
        ("reader", link.reader.id()),
    ];
    let (mut looks, mut peaks) = ([const { Vec::new() }; 3], [0.0; 3]);
    link.writer.go()?;
    let counted = loop {
        for (((_, process), looks), peak) in processes.iter().zip(&mut looks).zip(&mut peaks) {
            // The last one may have ended by now.
            if let Ok(resident) = resident_kib(*process) {
                looks.push(resident / 1024.0);
                *peak = peak_kib(*process).unwrap_or(*peak * 1024.0) / 1024.0;
            }
        }
        if let Some(counted) = link.reader.line_within(LOOK) {
            break counted;
        }
    };
    link.end(&counted, bytes)?;
    let mut rows = Vec::new();
    for (((name, _), looks), peak) in processes.iter().zip(&looks).zip(peaks) {
        let row = |what: String, figure: f64, target: f64| {
            Row::alone(what, "MiB", &[figure], Some(Target::AtMost(target)))
        };
        let quarter = looks.len() / 4;
        let most = |part: &[f64]| part.iter().copied().fold(0.0, f64::max);
        let half = looks.len().checked_sub(quarter).context("some looks")?;
        let growth = most(&looks[half..]) - most(&looks[quarter..half]);
        rows.push(row(
            format!("resident memory, {name}, while {gib} GiB pass"),
            peak,
            40.0,
        ));
        rows.push(row(
            format!("resident memory, {name}, growth in the last quarter"),
            growth.max(0.0),
            FLAT_MIB,
        ));
    }
    Ok(rows)
}
