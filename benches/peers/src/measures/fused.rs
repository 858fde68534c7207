use anyhow::Result;

use crate::link::{alone, role};
use crate::options::Options;
use crate::rounds::interleave;
use crate::row::{Row, Target};

/// Items per round.
const ITEMS: u64 = 10_000_000;

/// Four stages fused in one process, and four maps of `futures` by hand.
pub(crate) fn measure(options: &Options) -> Result<Vec<Row>> {
    let items = options.amount(ITEMS);
    let kinds = [
        ("record", "of a record"),
        ("mix", "of a few dozen instructions"),
        ("add", "of an addition"),
    ];
    let mut rows = Vec::new();
    for (kind, name) in kinds {
        let [ours, by_hand] = interleave(
            options.rounds(),
            [
                Box::new(|| alone(&role([&"fused", &kind, &"ours", &items]))),
                Box::new(|| alone(&role([&"fused", &kind, &"hand", &items]))),
            ],
        )?;
        let name = format!("four fused maps {name}, vs. four written by hand");
        let target = Some(Target::AtMost(1.05));
        rows.push(Row::versus(name, "ns/item", &ours, &by_hand, target));
    }
    Ok(rows)
}
