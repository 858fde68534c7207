use std::path::PathBuf;

use clap::Parser;

/// Compares pipewright with its alternatives in one interleaved run.
#[derive(Parser)]
pub(crate) struct Options {
    /// Write the rows to this file as JSON.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Use less data and fewer rounds: under three minutes.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Run only measurements whose name contains this.
    #[arg(long, value_name = "NAME")]
    pub(crate) only: Option<String>,
    /// Rounds of each measurement [default: 7, or 3 with --quick].
    #[arg(long, value_name = "N")]
    rounds: Option<usize>,
}

impl Options {
    pub(crate) fn rounds(&self) -> usize {
        self.rounds.unwrap_or(if self.quick { 3 } else { 7 }).max(1)
    }

    /// An amount of data or items; a quarter of it with --quick.
    pub(crate) fn amount(&self, full: u64) -> u64 {
        if self.quick { full / 4 } else { full }
    }
}
