use std::hint::black_box;
use std::time::Instant;

use anyhow::{Result, bail};
use futures::{StreamExt, stream};
use pipewright::{Pipeline, pipeline_stage};

use super::Gate;
use crate::record::Record;

/// The work of a stage: a few dozen instructions that the compiler cannot fold away.
fn mix(mut number: u64) -> u64 {
    for _ in 0..8 {
        number ^= number >> 33;
        number = number.wrapping_mul(0xFF51_AFD7_ED55_8CCD);
    }
    number
}

fn add(number: u64) -> u64 {
    black_box(number).wrapping_add(1)
}

fn edit(mut record: Record) -> Record {
    record.value = mix(record.id) as f64;
    record.tags.push(4);
    record
}

#[pipeline_stage]
fn mixed(number: u64) -> u64 {
    mix(number)
}

#[pipeline_stage]
fn added(number: u64) -> u64 {
    add(number)
}

#[pipeline_stage]
fn edited(record: Record) -> Record {
    edit(record)
}

/// Four maps over `$items`, by hand and fused.
macro_rules! four {
    ($who:expr, $items:expr, $map:ident, $stage:ident, $key:expr) => {{
        let mut sum = 0_u64;
        match $who {
            "hand" => {
                let mut mapped = stream::iter($items).map($map).map($map).map($map).map($map);
                while let Some(item) = mapped.next().await {
                    sum = sum.wrapping_add($key(item));
                }
            }
            "ours" => {
                let pipeline = Pipeline::from_iter($items);
                let pipeline = pipeline.then($stage).then($stage).then($stage).then($stage);
                let mut run = pipeline.run_local();
                while let Some(item) = run.next().await {
                    sum = sum.wrapping_add($key(item?));
                }
            }
            who => bail!("nobody is {who}"),
        }
        sum
    }};
}

/// Runs four maps, by hand or fused. Prints the nanoseconds per item.
pub(super) async fn run(gate: Gate, kind: &str, who: &str, items: &str) -> Result<()> {
    let items: u64 = items.parse()?;
    let begun = Instant::now();
    let sum = match kind {
        "mix" => four!(who, 0..items, mix, mixed, |number| number),
        "add" => four!(who, 0..items, add, added, |number| number),
        "record" => {
            let records = (0..items).map(Record::new);
            four!(who, records, edit, edited, |record: Record| record.id)
        }
        _ => bail!("there is no map {kind}"),
    };
    black_box(sum);
    gate.say(begun.elapsed().as_secs_f64() * 1e9 / items as f64);
    Ok(())
}
