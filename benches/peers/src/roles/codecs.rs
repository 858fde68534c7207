use std::hint::black_box;
use std::time::Instant;

use anyhow::{Result, bail};

use super::Gate;
use crate::record::Record;

/// Records that are encoded once and decoded repeatedly, item by item.
const BATCH: u64 = 10_000;

/// Decodes records with a codec alone, on one core. Prints the rate per second.
pub(super) fn decode(gate: &Gate, format: &str, items: &str) -> Result<()> {
    let batches = items.parse::<u64>()? / BATCH;
    let records = (0..BATCH).map(|id| Record::new(id + (1 << 20)));
    let (encode, decode): (Encode, Decode) = match format {
        "json" => (encode_json, decode_json),
        "bincode" => (encode_bincode, decode_bincode),
        _ => bail!("there is no format {format}"),
    };
    let encoded = records
        .map(|record| encode(&record))
        .collect::<Result<Vec<_>>>()?;
    let bytes = encoded.concat();
    let begun = Instant::now();
    for _ in 0..batches {
        let mut rest = black_box(&bytes[..]);
        for item in &encoded {
            let (item, after) = rest.split_at(item.len());
            black_box(decode(item)?);
            rest = after;
        }
    }
    gate.say((batches * BATCH) as f64 / begun.elapsed().as_secs_f64());
    Ok(())
}

type Encode = fn(&Record) -> Result<Vec<u8>>;
type Decode = fn(&[u8]) -> Result<Record>;

fn encode_json(record: &Record) -> Result<Vec<u8>> {
    Ok(serde_json::to_vec(record)?)
}

fn decode_json(bytes: &[u8]) -> Result<Record> {
    Ok(serde_json::from_slice(bytes)?)
}

fn encode_bincode(record: &Record) -> Result<Vec<u8>> {
    Ok(bincode::serde::encode_to_vec(
        record,
        bincode::config::standard(),
    )?)
}

fn decode_bincode(bytes: &[u8]) -> Result<Record> {
    let decoded = bincode::serde::decode_from_slice(bytes, bincode::config::standard());
    Ok(decoded?.0)
}
