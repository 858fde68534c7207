use std::hint::black_box;

use anyhow::Result;

use super::Attacker;

/// Steps between two looks at whether the suite has said something.
const STEPS: u64 = 100_000;

/// Takes a core, as far as it is given one, and leaves the engine alone.
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
