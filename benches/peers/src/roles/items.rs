use anyhow::{Result, bail};
use pipewright::format::{Bincode, Decode, Encode, Json};
use pipewright::{Address, ReaderRef, WriterRef};

use super::Gate;
use crate::record::Record;

/// Sends `amount` records, one by one.
pub(super) async fn send(
    gate: Gate,
    format: &str,
    url: &str,
    reference: &str,
    amount: &str,
) -> Result<()> {
    let amount = amount.parse()?;
    match format {
        "json" => send_in::<Json>(gate, url, reference, amount).await,
        "bincode" => send_in::<Bincode>(gate, url, reference, amount).await,
        _ => bail!("there is no format {format}"),
    }
}

async fn send_in<F>(mut gate: Gate, url: &str, reference: &str, amount: u64) -> Result<()>
where
    F: Encode<Record>,
{
    let address: Address = url.parse()?;
    let reference: WriterRef<Record, F> = serde_json::from_str(reference)?;
    let mut sender = reference.open(&address);
    // Connects.
    sender.flush().await?;
    let record = Record::new(1 << 20);
    gate.ready().await?;
    for id in 0..amount {
        sender
            .send(Record {
                id,
                ..record.clone()
            })
            .await?;
    }
    Ok(sender.close().await?)
}

/// Receives records one by one to the end, and counts them.
pub(super) async fn receive(gate: Gate, format: &str, url: &str, reference: &str) -> Result<()> {
    match format {
        "json" => receive_in::<Json>(gate, url, reference).await,
        "bincode" => receive_in::<Bincode>(gate, url, reference).await,
        _ => bail!("there is no format {format}"),
    }
}

async fn receive_in<F>(gate: Gate, url: &str, reference: &str) -> Result<()>
where
    F: Decode<Record>,
{
    let address: Address = url.parse()?;
    let reference: ReaderRef<Record, F> = serde_json::from_str(reference)?;
    let mut receiver = reference.open(&address);
    gate.say("");
    let mut items = 0_u64;
    while let Some(record) = receiver.recv().await? {
        assert_eq!(record.id, items, "records come in order");
        items += 1;
    }
    gate.say(items);
    Ok(())
}
