use std::time::Duration;

use anyhow::Result;
use pipewright_bench_roles::Process;

use super::{ChurnCounts, ask, role};

/// Number of processes in which workers come and go.
pub(crate) const CHURN_PROCESSES: usize = 4;
/// How often one of them is killed with all its workers.
const KILL: Duration = Duration::from_secs(5);

/// Workers that come and go, and occasionally a process with many of them that is killed.
pub(super) struct Churn {
    url: String,
    workers: usize,
    seed: u64,
    processes: Vec<Process>,
    counts: ChurnCounts,
    killed: u32,
}

impl Churn {
    pub(super) fn start(url: &str, workers: usize, seed: u64) -> Result<Self> {
        let mut churn = Self {
            url: url.to_owned(),
            workers: workers.div_ceil(CHURN_PROCESSES),
            seed,
            processes: Vec::new(),
            counts: ChurnCounts::default(),
            killed: 0,
        };
        for _ in 0..CHURN_PROCESSES {
            let process = churn.process()?;
            churn.processes.push(process);
        }
        Ok(churn)
    }

    /// Kills one process after the other, and replaces it.
    pub(super) fn kill_now_and_then(&mut self, elapsed: Duration) -> Result<()> {
        if elapsed < KILL * (self.killed + 1) {
            return Ok(());
        }
        self.killed += 1;
        let mut doomed = self.processes.remove(0);
        self.counts.add(ask(&mut doomed)?);
        drop(doomed);
        let process = self.process()?;
        self.processes.push(process);
        Ok(())
    }

    /// Kills all of them.
    pub(super) fn stop(mut self) -> Result<ChurnCounts> {
        for mut process in self.processes {
            self.counts.add(ask(&mut process)?);
        }
        Ok(self.counts)
    }

    fn process(&mut self) -> Result<Process> {
        self.seed = self.seed.wrapping_add(1);
        let (workers, seed) = (self.workers.to_string(), self.seed.to_string());
        role(&["load-churn", &self.url, "churn", &workers, &seed])
    }
}
