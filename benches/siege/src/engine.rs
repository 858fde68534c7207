use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use pipewright_bench_roles::{Process, descriptors, peak_kib, resident_kib};

use crate::holdings::Holdings;

/// Polling interval while waiting for the engine to become idle.
const LOOK: Duration = Duration::from_millis(20);

/// Our engine in a separate process.
pub(crate) struct EngineProcess {
    process: Process,
    pub(crate) url: String,
}

/// Resources of the machine and of the engine.
pub(crate) struct Held {
    pub(crate) holdings: Holdings,
    pub(crate) descriptors: usize,
}

impl EngineProcess {
    /// Starts an engine with `flags` such as `channel-ttl=2`, which `roles::engine` explains.
    /// Without any, it has its default limits.
    pub(crate) fn start(flags: &[&str]) -> Result<Self> {
        let mut role = vec!["engine"];
        role.extend(flags);
        let process = Process::role(&role)?;
        let url = process.line()?;
        Ok(Self { process, url })
    }

    /// Queries the engine, which must be alive.
    pub(crate) fn holdings(&mut self) -> Result<Holdings> {
        self.process.go()?;
        let said = self.process.line().context("the engine is not alive")?;
        serde_json::from_str(&said).context("the engine says what it holds")
    }

    pub(crate) fn held(&mut self) -> Result<Held> {
        Ok(Held {
            holdings: self.holdings()?,
            descriptors: descriptors(self.process.id())?,
        })
    }

    pub(crate) fn resident_mib(&self) -> Result<f64> {
        Ok(resident_kib(self.process.id())? / 1024.0)
    }

    pub(crate) fn peak_mib(&self) -> Result<f64> {
        Ok(peak_kib(self.process.id())? / 1024.0)
    }

    pub(crate) fn descriptors(&self) -> Result<usize> {
        descriptors(self.process.id())
    }

    /// Waits until `wanted` holds. Returns how long that took.
    pub(crate) fn settled(
        &mut self,
        patience: Duration,
        wanted: impl Fn(&Held) -> bool,
    ) -> Result<Duration> {
        let begun = Instant::now();
        loop {
            let held = self.held()?;
            if wanted(&held) {
                return Ok(begun.elapsed());
            }
            if begun.elapsed() > patience {
                let Held {
                    holdings,
                    descriptors,
                } = held;
                bail!("never came to rest: {holdings:?}, {descriptors} descriptors");
            }
            std::thread::sleep(LOOK);
        }
    }
}
