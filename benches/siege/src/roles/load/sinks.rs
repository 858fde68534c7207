use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use pipewright::{Address, ChannelReader, Frame, ReadError, Worker};
use pipewright_bench_roles::Gate;
use xxhash_rust::xxh3::Xxh3;

use super::sink_id;
use super::upload::{Receipt, Request, kind};
use crate::load::SinkCounts;

/// Reads streams, each of which ends with a message that describes it, and compares. On each
/// command it prints its counts so far.
pub(crate) async fn serve(mut gate: Gate, url: &str, name: &str) -> Result<()> {
    let address: Address = url.parse()?;
    let worker = Worker::connect(address.clone()).await?;
    let counts = Arc::new(Mutex::new(SinkCounts::default()));
    let counting = Arc::clone(&counts);
    worker.register_function(sink_id(name), move |request: Request| {
        let (address, counts) = (address.clone(), Arc::clone(&counting));
        async move {
            let mut reader = ChannelReader::new(&address, &request.reader);
            let read = read(&mut reader).await;
            let mut counts = lock(&counts);
            match read {
                Ok((bytes, right)) => {
                    counts.streams += 1;
                    counts.bytes += bytes;
                    counts.wrong += u64::from(!right);
                    Ok(Receipt { bytes })
                }
                Err(error) => {
                    *counts.errors.entry(kind("read", &error)).or_default() += 1;
                    Err(error)
                }
            }
        }
    })?;
    worker.registered().await?;
    gate.say("");
    loop {
        gate.word().await?;
        let said = serde_json::to_string(&*lock(&counts))?;
        gate.say(said);
    }
}

fn lock(counts: &Mutex<SinkCounts>) -> MutexGuard<'_, SinkCounts> {
    counts.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reads to the end. Returns the length, and whether the content is right.
async fn read(reader: &mut ChannelReader) -> Result<(u64, bool), ReadError> {
    let (mut hash, mut bytes, mut said) = (Xxh3::new(), 0, None);
    while let Some(frame) = reader.next_frame().await? {
        match frame {
            Frame::Data(data) => {
                bytes += data.len() as u64;
                hash.update(&data);
            }
            Frame::Message(text) => said = Some(text.as_str().to_owned()),
        }
    }
    let found = format!("{:016x}", hash.digest());
    Ok((bytes, said == Some(found)))
}
