//! Tests the engine under attack and under load; see ../README.md.
//!
//! | folder | contents |
//! |---|---|
//! | `attacks` | the attack table: attacks, their effect on others, verdicts |
//! | `load` | the load run: processes, samples, verdict |
//! | `roles` | the code of the processes; this program starts itself with the name of a role |
//! | `raw` | WebSocket by hand, for frames that no library sends |
//!
//! In addition, `engine` is the engine in a separate process, and `holdings` its report of what it
//! holds. The crate in ../roles starts and ends processes.

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
