use anyhow::Result;

use super::Attacker;
use crate::raw::Control;

/// Number of concurrent connections.
const AT_ONCE: usize = 16;

/// Connects and resets, repeatedly.
pub(super) async fn resets(attacker: Attacker) -> Result<()> {
    for _ in 0..AT_ONCE {
        let attacker = attacker.clone();
        tokio::spawn(async move {
            loop {
                match attacker.host.dial().await {
                    Ok(stream) => {
                        attacker.tally.count("connected");
                        // Closing then sends a reset. If that is not possible, it is an ordinary
                        // close.
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

/// Connects as a worker and disconnects, repeatedly.
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
