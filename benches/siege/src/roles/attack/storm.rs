use anyhow::Result;

use super::Attacker;
use crate::raw::Control;

/// Connections at a time.
const AT_ONCE: usize = 16;

/// Connects and resets, again and again.
pub(super) async fn resets(attacker: Attacker) -> Result<()> {
    for _ in 0..AT_ONCE {
        let attacker = attacker.clone();
        tokio::spawn(async move {
            loop {
                match attacker.host.dial().await {
                    Ok(stream) => {
                        attacker.tally.count("connected");
                        // Closing then sends a reset. Where that cannot be had it is a close.
                        let _ = stream.set_zero_linger();
                    }
                    Err(error) => attacker.tally.count(error.kind()),
                }
                attacker.begun();
            }
        });
    }
    std::future::pending().await
}

/// Connects as a worker and is gone, again and again.
pub(super) async fn visits(attacker: Attacker) -> Result<()> {
    for _ in 0..AT_ONCE {
        let attacker = attacker.clone();
        tokio::spawn(async move {
            loop {
                match Control::connect(&attacker.host).await {
                    Ok(_) => attacker.tally.count("connected"),
                    Err(refused) => attacker.tally.count(refused),
                }
                attacker.begun();
            }
        });
    }
    std::future::pending().await
}
