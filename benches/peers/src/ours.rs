use std::fs;
use std::path::Path;

use anyhow::Result;
use pipewright::{ByteChannel, StreamChannelRef, Worker};
use pipewright_bench_roles::Process;
use tokio::runtime::Runtime;

/// Our engine in a separate process, and a worker here that creates channels.
pub(crate) struct Ours {
    pub(crate) engine: Process,
    pub(crate) url: String,
    worker: Worker,
    runtime: Runtime,
}

impl Ours {
    pub(crate) fn start() -> Result<Self> {
        let engine = Process::role(&["engine"])?;
        let url = engine.line()?;
        let runtime = Runtime::new()?;
        let worker = runtime.block_on(Worker::connect(url.as_str()))?;
        Ok(Self {
            engine,
            url,
            worker,
            runtime,
        })
    }

    fn create(&self) -> Result<ByteChannel> {
        Ok(self.runtime.block_on(self.worker.create_channel(None))?)
    }

    /// The refs of a new channel, as JSON: the writer's and the reader's.
    pub(crate) fn channel(&self) -> Result<[String; 2]> {
        let channel = self.create()?;
        Ok([
            serde_json::to_string(&channel.writer_ref)?,
            serde_json::to_string(&channel.reader_ref)?,
        ])
    }

    /// Creates channels and writes their refs to two files, one for writers and one for readers.
    pub(crate) fn channels(&self, count: usize, writers: &Path, readers: &Path) -> Result<()> {
        let channels = (0..count)
            .map(|_| self.create())
            .collect::<Result<Vec<_>>>()?;
        let refs = |of: fn(&ByteChannel) -> &StreamChannelRef| {
            serde_json::to_string(&channels.iter().map(of).collect::<Vec<_>>())
        };
        fs::write(writers, refs(|channel| &channel.writer_ref)?)?;
        fs::write(readers, refs(|channel| &channel.reader_ref)?)?;
        Ok(())
    }
}
