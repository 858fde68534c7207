use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// The engine under attack and under load.
#[derive(Parser)]
pub(crate) struct Options {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Attack an engine in many ways, and measure what others feel meanwhile.
    Attacks(AttackOptions),
    /// Many channels for a long time, and workers that come and go.
    Load(LoadOptions),
}

#[derive(Args)]
pub(crate) struct AttackOptions {
    /// Write the rows to this file as JSON.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// One round of short turns: under a minute.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Only the attacks that have this in their name.
    #[arg(long, value_name = "NAME")]
    pub(crate) only: Option<String>,
}

#[derive(Args)]
pub(crate) struct LoadOptions {
    /// How long it lasts.
    #[arg(long, default_value_t = 10.0)]
    pub(crate) minutes: f64,
    /// Channels that are open and idle.
    #[arg(long, default_value_t = 10_000)]
    pub(crate) idle: usize,
    /// Channels that stream, one after the other at each of so many places.
    #[arg(long, default_value_t = 1_000)]
    pub(crate) active: usize,
    /// Workers that connect and leave.
    #[arg(long, default_value_t = 100)]
    pub(crate) workers: usize,
    /// What everything random follows from.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Write what was measured to this file as JSON.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
}
