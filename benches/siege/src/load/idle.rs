use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use pipewright::{StreamChannelRef, Worker};
use pipewright_bench_roles::Process;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::role;
use crate::engine::EngineProcess;

/// How long the last readers may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Number of channels that are open and idle, and where their ends are.
pub(super) struct Plan {
    /// Channels that are open at both ends.
    pub(super) open: usize,
    /// Channels among them whose reader is in the engine's own process, for lack of descriptors.
    pub(super) within: usize,
    directory: TempDir,
}

/// Channels that are open and idle until the end, when each carries one word.
pub(super) struct Idle {
    plan: Plan,
    writers: Process,
    readers: Process,
    /// Creates the channels, and counts as their owner.
    worker: Worker,
    runtime: Runtime,
}

impl Plan {
    /// Plans `open` channels with at most `descriptors` in the engine.
    pub(super) fn new(open: usize, descriptors: usize) -> Result<Self> {
        let open = open.min(descriptors);
        let within = (2 * open).saturating_sub(descriptors);
        Ok(Self {
            open,
            within,
            directory: TempDir::new()?,
        })
    }

    /// The flag that makes an engine host some of the readers itself.
    pub(super) fn flag(&self) -> String {
        let file = self.file("within");
        format!("own-readers={}:{}", self.within, file.display())
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }
}

impl Idle {
    /// Opens the planned channels, at an engine that was started with the flag of the plan.
    pub(super) fn open(plan: Plan, url: &str) -> Result<Self> {
        let runtime = Runtime::new()?;
        let worker = runtime.block_on(Worker::connect(url))?;
        let within = fs::read(plan.file("within")).context("the engine's own channels")?;
        let mut writers: Vec<StreamChannelRef> = serde_json::from_slice(&within)?;
        let mut readers = Vec::new();
        for _ in plan.within..plan.open {
            let channel = runtime.block_on(worker.create_channel(None))?;
            writers.push(channel.writer_ref);
            readers.push(channel.reader_ref);
        }
        let [to_write, to_read] = ["writers", "readers"].map(|name| plan.file(name));
        keep(&to_write, &writers)?;
        keep(&to_read, &readers)?;
        Ok(Self {
            plan,
            writers: role(&["load-idle-writers", url, &to_write.to_string_lossy()])?,
            readers: role(&["load-idle-readers", url, &to_read.to_string_lossy()])?,
            worker,
            runtime,
        })
    }

    /// Sends a word through each channel. Returns the number of successes.
    pub(super) fn close(mut self, engine: &mut EngineProcess) -> Result<usize> {
        self.writers.go()?;
        self.writers.line()?;
        self.writers.finish()?;
        self.readers.go()?;
        let read: usize = self.readers.line()?.parse()?;
        self.readers.finish()?;
        let within = self.plan.within;
        engine.settled(PATIENCE, |held| held.holdings.own_read >= within)?;
        self.runtime.block_on(self.worker.shutdown())?;
        Ok(read + within)
    }
}

fn keep(path: &Path, refs: &[StreamChannelRef]) -> Result<()> {
    Ok(fs::write(path, serde_json::to_vec(refs)?)?)
}
