//! Compares pipewright with its alternatives in one interleaved run; see ../README.md.
//!
//! | folder | contents |
//! |---|---|
//! | `measures` | one file for each measurement, which starts processes and produces rows |
//! | `roles` | the code of these processes; this program starts itself with the name of a role |
//!
//! In addition, `rounds` interleaves the measurements, and `row` and `report` are the results. The
//! crate in ../roles starts and ends processes.

mod link;
mod measures;
mod options;
mod ours;
mod record;
mod report;
mod roles;
mod rounds;
mod row;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    // Ten thousand channels need more descriptors than a shell allows by default.
    if let Err(error) = pipewright_bench_roles::allow_descriptors() {
        eprintln!("the limit of open files stays as it is: {error}");
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.split_first() {
        Some((&pipewright_bench_roles::ROLE, role)) => roles::run(role),
        _ => measures::run(&options::Options::parse()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
