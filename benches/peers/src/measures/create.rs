use anyhow::Result;

use crate::link::{alone, role};
use crate::options::Options;
use crate::ours::Ours;
use crate::rounds::interleave;
use crate::row::{Row, Target};

/// Channels per round; all rounds together stay below the engine's limit.
const CHANNELS: u64 = 10_000;

/// Channels created one after another by a worker in another process.
pub(crate) fn measure(options: &Options) -> Result<Vec<Row>> {
    let ours = Ours::start()?;
    let channels = options.amount(CHANNELS);
    let [rates] = interleave(
        options.rounds(),
        [Box::new(|| alone(&role([&"create", &ours.url, &channels])))],
    )?;
    let target = Some(Target::AtLeast(10_000.0));
    Ok(vec![Row::alone(
        "channels created sequentially",
        "1/s",
        &rates,
        target,
    )])
}
