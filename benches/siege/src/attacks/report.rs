use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::row::Row;
use crate::holdings::Holdings;

/// The header of the table.
pub(super) fn print_head() {
    println!(
        "| attack | result, all rounds | peak held by the engine | throughput of other workers, during / before | \
         call, ms: before | during | new client, ms: before | during | served / failed | \
         resident MiB: before | peak | allowed growth | after | descriptors: before | after | freed after, ms | log lines | verdict |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|");
}

/// One line of the table.
pub(super) fn print_row(row: &Row) {
    let got: Vec<String> = row
        .got
        .iter()
        .map(|(what, times)| format!("{times} {what}"))
        .collect();
    println!(
        "| {} | {} | {} | {:.2} | {:.2} | {:.2} | {:.1} | {:.1} | {} / {} | {:.0} | {:.0} | {:.0} | {:.0} | {} | {} | {} | {} | {} |",
        row.name,
        got.join(", "),
        held(&row.most),
        row.share(),
        row.peace.call_ms,
        row.war.call_ms,
        row.peace.newcomer_ms,
        row.war.newcomer_ms,
        row.war.newcomers,
        row.war.failed,
        row.resident_before,
        row.resident_peak,
        row.growth_allowed,
        row.resident_after,
        row.descriptors_before,
        row.descriptors_after,
        row.freed_ms,
        row.log_lines,
        row.verdict,
    );
}

pub(super) fn write_json(path: &Path, rows: &[Row]) -> Result<()> {
    let json = serde_json::to_string_pretty(rows)?;
    fs::write(path, json + "\n").with_context(|| format!("cannot write {}", path.display()))
}

/// Lists the resources of which the attacker held more than others.
fn held(most: &Holdings) -> String {
    let mib = most.buffered_bytes >> 20;
    let held = [
        (most.workers, 4, "workers"),
        (most.functions, 1, "functions"),
        (most.calls, 2, "calls"),
        (most.channels, 3, "channels"),
        (mib, 8, "MiB for readers"),
    ];
    let held = held.iter().filter(|(count, usual, _)| count > usual);
    let words: Vec<String> = held
        .map(|(count, _, what)| format!("{count} {what}"))
        .collect();
    words.join(", ")
}
