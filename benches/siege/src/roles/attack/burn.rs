use std::hint::black_box;

use anyhow::Result;

use super::Attacker;

/// Number of steps between two checks for a command of the suite.
const STEPS: u64 = 100_000;

/// Uses a core as far as possible, and leaves the engine alone.
pub(super) async fn run(attacker: Attacker) -> Result<()> {
    attacker.begun();
    let mut number = 0_u64;
    loop {
        for step in 0..STEPS {
            number = black_box(number.wrapping_mul(31).wrapping_add(step));
        }
        tokio::task::yield_now().await;
    }
}
