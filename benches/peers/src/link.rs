use std::fmt::Display;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use pipewright_bench_roles::Process;

/// A role with its arguments.
pub(crate) type Role = Vec<String>;

/// Makes a [`Role`].
pub(crate) fn role<const N: usize>(words: [&dyn Display; N]) -> Role {
    words.iter().map(ToString::to_string).collect()
}

/// A writer and a reader, each a process of its own, connected and about to begin.
pub(crate) struct Link {
    pub(crate) writer: Process,
    pub(crate) reader: Process,
}

impl Link {
    /// Starts the reader, and then the writer, which gets what the reader says as one more
    /// argument, if that is something.
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

    /// Lets the writer write; gives the seconds until the reader has read all, which is `amount`.
    pub(crate) fn run(mut self, amount: u64) -> Result<f64> {
        let begun = Instant::now();
        self.writer.go()?;
        let counted = self.reader.line()?;
        let elapsed = begun.elapsed().as_secs_f64();
        self.end(&counted, amount)?;
        Ok(elapsed)
    }

    /// Waits until both have ended well; the reader has `counted` what should be `amount`.
    pub(crate) fn end(mut self, counted: &str, amount: u64) -> Result<()> {
        let counted: u64 = counted.parse().context("the reader says a number")?;
        ensure!(counted == amount, "{counted} of {amount} arrived");
        // For those who wait for it; others have gone.
        let _ = self.writer.go();
        self.writer.finish()?;
        self.reader.finish()
    }
}

/// Opens a [`Link`] and gives what passes it a second.
pub(crate) fn rate(writer: &Role, reader: &Role, amount: u64) -> Result<f64> {
    Ok(amount as f64 / Link::open(writer, reader)?.run(amount)?)
}

/// What a role that works alone says: a number.
pub(crate) fn alone(role: &Role) -> Result<f64> {
    let process = Process::role(role)?;
    let number = process.line()?.parse().context("the role says a number")?;
    process.finish()?;
    Ok(number)
}
