use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use pipewright::Worker;
use pipewright_bench_roles::Process;
use tokio::runtime::Runtime;

use super::felt::Felt;
use super::probed::Probed;

/// The clients that an attack must not harm: an endless stream, with its writer and reader in a
/// process each, and a process that makes calls and connects new workers.
pub(super) struct Others {
    reader: Process,
    prober: Process,
    /// Writes until it is ended. Dropped last, because its reader complains about its end.
    _writer: Process,
}

impl Others {
    pub(super) fn start(url: &str) -> Result<Self> {
        let runtime = Runtime::new()?;
        let channel = runtime.block_on(async {
            let worker = Worker::connect(url).await?;
            let channel = worker.create_channel(None).await?;
            worker.shutdown().await?;
            anyhow::Ok(channel)
        })?;
        let end = |role: &str, reference| -> Result<Process> {
            let reference = serde_json::to_string(reference)?;
            let process = Process::role(&[role, url, &reference])?;
            process.line()?;
            Ok(process)
        };
        let reader = end("stream-read", &channel.reader_ref)?;
        let writer = end("stream-write", &channel.writer_ref)?;
        let prober = Process::role(&["probe", url])?;
        prober.line()?;
        Ok(Self {
            reader,
            prober,
            _writer: writer,
        })
    }

    /// Measures for the duration `turn`.
    pub(super) fn turn(&mut self, turn: Duration) -> Result<Felt> {
        // Discards earlier counts.
        self.ask()?;
        let begun = Instant::now();
        sleep(turn);
        let (bytes, probed) = self.ask()?;
        let elapsed = begun.elapsed().as_secs_f64();
        // If a turn has no results, its duration counts as the latency.
        let bad = turn.as_secs_f64() * 1e3;
        Ok(Felt {
            throughput: bytes / elapsed,
            call_ms: probed.call_ms.unwrap_or(bad),
            call_high_ms: probed.call_high_ms.unwrap_or(bad),
            newcomer_ms: probed.newcomer_ms.unwrap_or(bad),
            newcomers: probed.newcomers,
            failed: probed.failed,
            reason: probed.reason,
        })
    }

    fn ask(&mut self) -> Result<(f64, Probed)> {
        self.reader.go()?;
        let bytes = self.reader.line().context("the stream has ended")?;
        self.prober.go()?;
        let probed = self.prober.line()?;
        Ok((bytes.parse()?, serde_json::from_str(&probed)?))
    }
}
