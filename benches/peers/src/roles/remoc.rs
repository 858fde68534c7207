use anyhow::{Context, Result};
use remoc::prelude::*;
use tokio::net::{TcpListener, TcpStream};

use super::Gate;
use crate::record::Record;

/// Sends `amount` records over a remote channel, directly to the receiver.
pub(super) async fn send(mut gate: Gate, amount: &str, address: &str) -> Result<()> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (from, to) = stream.into_split();
    let sender: rch::mpsc::Sender<Record> = remoc::Connect::io(remoc::Cfg::default(), from, to)
        .consume()
        .await?;
    let amount: u64 = amount.parse()?;
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
    drop(sender);
    // The connection ends with the process, so keep it until the receiver has everything.
    gate.word().await
}

/// Sends the other side a sender, receives records to the end and counts them.
pub(super) async fn receive(gate: Gate) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    gate.say(listener.local_addr()?);
    let (stream, _) = listener.accept().await?;
    stream.set_nodelay(true)?;
    let (from, to) = stream.into_split();
    let (sender, mut receiver): (rch::mpsc::Sender<Record>, _) = rch::mpsc::channel();
    remoc::Connect::io(remoc::Cfg::default(), from, to)
        .provide(sender)
        .await?;
    let mut items = 0_u64;
    while let Some(record) = receiver.recv().await.context("the sender is there")? {
        assert_eq!(record.id, items, "records come in order");
        items += 1;
    }
    gate.say(items);
    Ok(())
}
