//! Stages with state: `&mut State` is created for each run.
//!
//! ```console
//! $ cargo run --example stage_state
//! 1 2 3
//! 1 2 3
//! ```

use std::collections::HashSet;

use pipewright::prelude::*;

#[derive(Default)]
struct Seen(HashSet<u32>);

/// Passes each number once.
#[pipeline_stage]
fn distinct(number: u32, seen: &mut Seen) -> Option<u32> {
    seen.0.insert(number).then_some(number)
}

#[tokio::main]
async fn main() -> Result<()> {
    for _ in 0..2 {
        let numbers = Pipeline::from_iter([1, 2, 1, 3, 2])
            .then(distinct)
            .run_local();
        let numbers: Vec<_> = numbers.collect().await?;
        println!("{} {} {}", numbers[0], numbers[1], numbers[2]);
    }
    Ok(())
}
