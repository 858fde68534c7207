use std::fmt::Display;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use pipewright_bench_roles::Process;

/// A role with its arguments.
pub(crate) type Role = Vec<String>;

/// Creates a [`Role`].
pub(crate) fn role<const N: usize>(words: [&dyn Display; N]) -> Role {
    words.iter().map(ToString::to_string).collect()
}

/// A writer and a reader, each a separate process, connected and ready to begin.
pub(crate) struct Link {
    pub(crate) writer: Process,
    pub(crate) reader: Process,
}

impl Link {
    /// Starts the reader and then the writer. If the reader prints something, the writer receives
    /// it as an additional argument.
    pub(crate) fn open(writer: &Role, reader: &Role) -> Result<Self> {
        let reader = Process::role(reader)?;
        let address = reader.line()?;
        let mut writer = writer.clone();
        if !address.is_empty() {
            writer.push(address);
        }
        let writer = Process::role(&writer)?;
        writer.line()?;
        Ok(Self { writer, reader })
    }

    /// Starts the writing. Returns the seconds until the reader has read everything, `amount` in
    /// total.
    pub(crate) fn run(mut self, amount: u64) -> Result<f64> {
        let begun = Instant::now();
        self.writer.go()?;
        let counted = self.reader.line()?;
        let elapsed = begun.elapsed().as_secs_f64();
        self.end(&counted, amount)?;
        Ok(elapsed)
    }

    /// Waits until both have ended successfully, and checks that the reader has `counted` the right
    /// `amount`.
    pub(crate) fn end(mut self, counted: &str, amount: u64) -> Result<()> {
        let counted: u64 = counted.parse().context("the reader says a number")?;
        ensure!(counted == amount, "{counted} of {amount} arrived");
        // For roles that wait for it; others have already ended.
        let _ = self.writer.go();
        self.writer.finish()?;
        self.reader.finish()
    }
}

/// Opens a [`Link`] and returns its throughput per second.
pub(crate) fn rate(writer: &Role, reader: &Role, amount: u64) -> Result<f64> {
    Ok(amount as f64 / Link::open(writer, reader)?.run(amount)?)
}

/// The number printed by a role that works alone.
pub(crate) fn alone(role: &Role) -> Result<f64> {
    let process = Process::role(role)?;
    let number = process.line()?.parse().context("the role says a number")?;
    process.finish()?;
    Ok(number)
}
