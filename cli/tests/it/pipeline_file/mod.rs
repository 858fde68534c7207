//! Pipelines in files: `pipewright check`, `pipewright graph` and `pipewright run -f`.

mod check;
mod graph;
mod run;
mod scratch;
#[cfg(unix)]
mod variables;

use scratch::Scratch;
