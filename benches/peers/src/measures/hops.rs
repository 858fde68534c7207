use anyhow::Result;

use crate::link::{alone, role};
use crate::options::Options;
use crate::ours::Ours;
use crate::rounds::interleave;
use crate::row::{Row, Target};

/// Items per round.
const ITEMS: u64 = 400_000;

/// How much a linear cost may exceed itself, to allow for noise.
const LINEAR: f64 = 1.1;

/// A pipeline of 1 to 8 stages, in which each edge is a channel of our engine: the time per item
/// and hop.
pub(crate) fn measure(options: &Options) -> Result<Vec<Row>> {
    let items = options.amount(ITEMS);
    let ours = Ours::start()?;
    // A pipeline has one edge more than it has stages.
    let hop = |stages: u32| {
        let seconds = alone(&role([&"hops", &ours.url, &stages, &items]))?;
        Ok(seconds * 1e9 / items as f64 / f64::from(stages + 1))
    };
    let [one, two, four, eight] = interleave(
        options.rounds(),
        [
            Box::new(|| hop(1)),
            Box::new(|| hop(2)),
            Box::new(|| hop(4)),
            Box::new(|| hop(8)),
        ],
    )?;
    let row = |stages: u32, figures: &[f64], before: &[f64], target| {
        let name = format!("one hop, pipeline of {stages} stages, vs. half as many");
        Row::versus(name, "ns/item", figures, before, target)
    };
    let linear = Some(Target::AtMost(LINEAR));
    Ok(vec![
        Row::alone("one hop, pipeline of 1 stage", "ns/item", &one, None),
        row(2, &two, &one, None),
        row(4, &four, &two, linear),
        row(8, &eight, &four, linear),
    ])
}
