//! The measurements, one per file.

mod bytes;
mod copy;
mod create;
mod fused;
mod hops;
mod idle;
mod in_memory;
mod items;
mod many;
mod program;
mod resident;
mod round_trip;

use anyhow::{Result, bail};

use crate::options::Options;
use crate::report::{print_head, print_row, write_json};
use crate::row::Row;

/// Measures something and returns rows.
type Measure = fn(&Options) -> Result<Vec<Row>>;

const MEASURES: [(&str, Measure); 12] = [
    ("program", program::measure),
    ("bytes", bytes::measure),
    ("copy", copy::measure),
    ("items", items::measure),
    ("round-trip", round_trip::measure),
    ("in-memory", in_memory::measure),
    ("fused", fused::measure),
    ("create", create::measure),
    ("idle", idle::measure),
    ("many", many::measure),
    ("hops", hops::measure),
    ("resident", resident::measure),
];

/// Runs all requested measurements, one after the other. A failed measurement does not stop the
/// others.
pub(crate) fn run(options: &Options) -> Result<()> {
    let only = options.only.as_deref().unwrap_or_default();
    let (mut rows, mut failed) = (Vec::new(), Vec::new());
    print_head();
    for (name, measure) in MEASURES.iter().filter(|(name, _)| name.contains(only)) {
        match measure(options) {
            Ok(measured) => {
                measured.iter().for_each(print_row);
                rows.extend(measured);
            }
            Err(error) => {
                eprintln!("cannot measure {name}: {error:#}");
                failed.push(*name);
            }
        }
    }
    if let Some(path) = &options.json {
        write_json(path, &rows)?;
    }
    if !failed.is_empty() {
        bail!("not measured: {}", failed.join(", "));
    }
    if rows.is_empty() {
        bail!("nothing has {only} in its name");
    }
    Ok(())
}
