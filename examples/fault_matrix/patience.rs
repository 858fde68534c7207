//! Deadlines that are short enough for many rounds.

use std::time::Duration;

use pipewright::{Address, Backoff, EngineBuilder, Result, Worker, WorkerBuilder};

/// Heartbeat interval of both sides.
pub(crate) const BEAT: Duration = Duration::from_millis(250);

/// Longer silence counts as a loss. Longer than any pause of a round, on a busy machine.
pub(crate) const DEAD: Duration = Duration::from_secs(3);

/// Longer than all deadlines together, such as the 30 s for the answer to a close; a round never
/// takes this long.
pub(crate) const HANGS: Duration = Duration::from_secs(45);

pub(crate) fn engine(builder: EngineBuilder) -> EngineBuilder {
    builder.keep_alive(BEAT, DEAD).channel_ttl(DEAD)
}

pub(crate) fn address(url: &str) -> Result<Address> {
    let address: Address = url.parse()?;
    Ok(address.connect_timeout(DEAD).heartbeat(BEAT, DEAD))
}

pub(crate) fn worker(url: &str) -> Result<WorkerBuilder> {
    let backoff = Backoff::new().base(BEAT).cap(BEAT).max_attempts(8);
    Ok(Worker::builder(address(url)?)
        .keep_alive(BEAT, DEAD)
        .reconnect(backoff)
        .call_timeout(2 * HANGS))
}
