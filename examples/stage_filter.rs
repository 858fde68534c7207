//! Stages that filter items.
//!
//! ```console
//! $ cargo run --example stage_filter
//! 4
//! 16
//! 36
//! ```

use pipewright::prelude::*;

/// A function that takes a reference and returns `bool` is a filter.
#[pipeline_stage]
fn even(number: &u64) -> bool {
    number.is_multiple_of(2)
}

/// An `Option` filters and maps at once.
#[pipeline_stage]
fn small_square(number: u64) -> Option<u64> {
    (number <= 6).then(|| number * number)
}

#[tokio::main]
async fn main() -> Result<()> {
    let mut run = Pipeline::from_iter(1..=10_u64)
        .then(even)
        .then(small_square)
        .run_local();
    while let Some(number) = run.next().await {
        println!("{}", number?);
    }
    Ok(())
}
