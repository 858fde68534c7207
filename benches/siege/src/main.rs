//! The engine under attack and under load; see ../README.md.
//!
//! | folder | holds |
//! |---|---|
//! | `attacks` | the attack table: which attacks, what others feel meanwhile, the verdicts |
//! | `load` | the load run: what is started, what is looked at, the verdict |
//! | `roles` | what the processes do; this program starts itself with the name of a role |
//! | `raw` | WebSocket by hand, for what no library lets a client send |
//!
//! Beside them: `engine` is the engine in a process of its own, `holdings` what it says it holds.
//! Processes are started and ended by the crate in ../roles.

mod attacks;
mod engine;
mod holdings;
mod load;
mod options;
mod raw;
mod roles;

use std::process::ExitCode;

use clap::Parser;
use options::{Command, Options};

fn main() -> ExitCode {
    // Thousands of connections need more descriptors than a shell allows by default.
    if let Err(error) = pipewright_bench_roles::allow_descriptors() {
        eprintln!("the limit of open files stays as it is: {error}");
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.split_first() {
        Some((&pipewright_bench_roles::ROLE, role)) => roles::run(role),
        _ => match Options::parse().command {
            Command::Attacks(options) => attacks::run(&options),
            Command::Load(options) => load::run(&options),
        },
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
