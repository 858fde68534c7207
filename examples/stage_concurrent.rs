//! Stages that process several items concurrently.
//!
//! ```console
//! $ cargo run --example stage_concurrent
//! in order: 0 1 2 3
//! as they come: 3 2 1 0
//! on a thread of its own: 120 720
//! ```

use std::sync::atomic::{AtomicU64, Ordering};

use pipewright::prelude::*;
use tokio::sync::Notify;

static TURN: AtomicU64 = AtomicU64::new(3);
static NEXT: Notify = Notify::const_new();

/// Finishes in the order 3, 2, 1, 0.
async fn backwards(number: u64) -> u64 {
    loop {
        let next = NEXT.notified();
        if TURN.load(Ordering::SeqCst) == number {
            TURN.store(number.wrapping_sub(1), Ordering::SeqCst);
            NEXT.notify_waiters();
            return number;
        }
        next.await;
    }
}

/// Up to four calls at once; outputs keep the order of their items.
#[pipeline_stage(concurrency = 4, ordered)]
async fn ordered(number: u64) -> u64 {
    backwards(number).await
}

/// Outputs in order of completion.
#[pipeline_stage(concurrency = 4, unordered)]
async fn unordered(number: u64) -> u64 {
    backwards(number).await
}

/// CPU-bound work, on a thread that blocks no other task.
#[pipeline_stage(blocking)]
fn factorial(number: u64) -> u64 {
    (1..=number).product()
}

fn joined(numbers: &[u64]) -> String {
    numbers
        .iter()
        .map(u64::to_string)
        .collect::<Vec<_>>()
        .join(" ")
}

// Calls run as separate tasks. With several threads, all could end before the run looks.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let in_order: Vec<_> = Pipeline::from_iter(0..4)
        .then(ordered)
        .run_local()
        .collect()
        .await?;
    println!("in order: {}", joined(&in_order));
    TURN.store(3, Ordering::SeqCst);
    let as_they_come: Vec<_> = Pipeline::from_iter(0..4)
        .then(unordered)
        .run_local()
        .collect()
        .await?;
    println!("as they come: {}", joined(&as_they_come));
    let factorials: Vec<_> = Pipeline::from_iter(5..7)
        .then(factorial)
        .run_local()
        .collect()
        .await?;
    println!("on a thread of its own: {}", joined(&factorials));
    Ok(())
}
