//! Stages that return several items for one.
//!
//! ```console
//! $ cargo run --example stage_many
//! words: to be or not
//! letters: t o b e o r n o t
//! countdown: 3 2 1 0 1 0
//! ```

use futures::{Stream, StreamExt, stream};
use pipewright::prelude::*;

/// A `Vec`, if all items are available.
#[pipeline_stage]
fn words(line: String) -> Vec<String> {
    line.split_whitespace().map(String::from).collect()
}

/// An iterator, for items on demand.
#[pipeline_stage]
fn letters(word: String) -> impl Iterator<Item = char> {
    word.chars().collect::<Vec<_>>().into_iter()
}

/// A stream, for items over time.
#[pipeline_stage]
fn countdown(from: u32) -> impl Stream<Item = u32> {
    stream::iter((0..=from).rev()).then(async |n| {
        tokio::task::yield_now().await;
        n
    })
}

fn joined(items: &[impl ToString]) -> String {
    items
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(" ")
}

#[tokio::main]
async fn main() -> Result<()> {
    let lines = ["to be", "or not"].map(String::from);
    let found: Vec<_> = Pipeline::from_iter(lines.clone())
        .then(words)
        .run_local()
        .collect()
        .await?;
    println!("words: {}", joined(&found));
    let found: Vec<_> = Pipeline::from_iter(lines)
        .then(words)
        .then(letters)
        .run_local()
        .collect()
        .await?;
    println!("letters: {}", joined(&found));
    let counted: Vec<_> = Pipeline::from_iter([3, 1])
        .then(countdown)
        .run_local()
        .collect()
        .await?;
    println!("countdown: {}", joined(&counted));
    Ok(())
}
