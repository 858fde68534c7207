use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Tests the engine under attack and under load.
#[derive(Parser)]
pub(crate) struct Options {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Attack an engine in many ways, and measure the effect on others.
    Attacks(AttackOptions),
    /// Run many channels for a long time, with workers that come and go.
    Load(LoadOptions),
}

#[derive(Args)]
pub(crate) struct AttackOptions {
    /// Write the rows to this file as JSON.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Run one round of short turns: under a minute.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Run only attacks whose name contains this.
    #[arg(long, value_name = "NAME")]
    pub(crate) only: Option<String>,
}

#[derive(Args)]
pub(crate) struct LoadOptions {
    /// Duration of the run.
    #[arg(long, default_value_t = 10.0)]
    pub(crate) minutes: f64,
    /// Number of channels that are open and idle.
    #[arg(long, default_value_t = 10_000)]
    pub(crate) idle: usize,
    /// Number of channels that stream at a time; each is followed by another.
    #[arg(long, default_value_t = 1_000)]
    pub(crate) active: usize,
    /// Number of workers that connect and leave.
    #[arg(long, default_value_t = 100)]
    pub(crate) workers: usize,
    /// Seed of all random choices.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Write the measurements to this file as JSON.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
}
