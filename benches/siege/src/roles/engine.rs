use std::time::Duration;

use anyhow::{Context, Result};
use pipewright::{Engine, Worker};
use pipewright_bench_roles::Gate;

use tokio::task::JoinSet;

use super::log_lines::LogLines;
use crate::holdings::Holdings;

/// Runs our engine until the suite ends it. On each command it prints what it holds.
///
/// | flag | meaning |
/// |---|---|
/// | `channel-ttl=SECONDS` | `pipewright engine --channel-ttl` |
/// | `max-held-mib=N` | `pipewright engine --max-held-bytes` |
/// | `own-readers=N:FILE` | channels whose readers are in this process and need no descriptors; the writers' refs go to the file |
pub(super) async fn serve(mut gate: Gate, flags: &[&str]) -> Result<()> {
    let log = LogLines::count();
    let mut own = None;
    let mut builder = Engine::builder().listen("127.0.0.1:0");
    for flag in flags {
        let (name, value) = flag.split_once('=').context("a flag has a value")?;
        builder = match name {
            "channel-ttl" => builder.channel_ttl(Duration::from_secs(value.parse()?)),
            "max-held-mib" => builder.max_held_bytes(value.parse::<usize>()? << 20),
            "own-readers" => {
                own = value.split_once(':');
                builder
            }
            _ => anyhow::bail!("there is no flag {name}"),
        };
    }
    let engine = builder.start().await?;
    let mut readers = JoinSet::new();
    // These channels belong to this worker.
    let worker = Worker::connect(engine.address()).await?;
    if let Some((count, file)) = own {
        let mut refs = Vec::new();
        for _ in 0..count.parse()? {
            let mut channel = worker.create_channel(None).await?;
            channel.reader.connect().await?;
            readers.spawn(async move { channel.reader.read_all().await });
            refs.push(channel.writer_ref);
        }
        std::fs::write(file, serde_json::to_vec(&refs)?)?;
    } else {
        worker.shutdown().await?;
    }
    let mut own_read = 0;
    gate.say(engine.url().context("the engine listens")?);
    loop {
        gate.word().await?;
        while let Some(read) = readers.try_join_next() {
            own_read += usize::from(read?? == super::load::WORD);
        }
        let stats = engine.stats();
        let holdings = Holdings {
            workers: stats.workers,
            functions: stats.functions,
            calls: stats.calls,
            channels: stats.channels,
            buffered_bytes: stats.buffered_bytes,
            own_read,
            log_lines: log.lines(),
        };
        gate.say(serde_json::to_string(&holdings)?);
    }
}
