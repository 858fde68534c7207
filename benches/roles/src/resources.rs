use std::fs;

use anyhow::{Context, Result};

/// Current resident memory of a process, in KiB.
pub fn resident_kib(process: u32) -> Result<f64> {
    status_kib(process, "VmRSS:")
}

/// Peak resident memory of a process so far, in KiB.
pub fn peak_kib(process: u32) -> Result<f64> {
    status_kib(process, "VmHWM:")
}

fn status_kib(process: u32, field: &str) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    status
        .lines()
        .find_map(|line| line.strip_prefix(field)?.trim().strip_suffix("kB"))
        .and_then(|kib| kib.trim().parse().ok())
        .with_context(|| format!("process {process} has no {field}"))
}

/// Number of open descriptors of a process.
pub fn descriptors(process: u32) -> Result<usize> {
    Ok(fs::read_dir(format!("/proc/{process}/fd"))?.count())
}

/// Raises the descriptor limit of this process, and of those it starts, as far as possible. Returns
/// the limit.
pub fn allow_descriptors() -> Result<usize> {
    let limit = rlimit::increase_nofile_limit(u64::MAX)?;
    Ok(usize::try_from(limit)?)
}
