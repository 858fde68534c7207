//! Commands as stages: standard input and output are the ends of the stream.

#[cfg(unix)]
mod group;
mod spec;
mod stage;
mod tail;

#[cfg(unix)]
pub(crate) use group::{Group, wait_for_all};
pub(crate) use spec::CommandSpec;
pub(crate) use stage::{command, ending, limit};
pub(crate) use tail::follow;
