use anyhow::Result;
use serde_json::json;
use tokio::task::JoinSet;

use super::Attacker;
use super::flood::{flood, listen};
use crate::raw::{Control, Socket};

const CREATE: &str = "engine::channels::create";
const HOLE: &str = "siege::hole";

/// Default limit of functions of one worker.
const FUNCTIONS: u64 = 10_000;

/// Number of connections of attacks for which the number does not matter.
const SOME: usize = 4;

/// Creates channels endlessly.
pub(super) async fn creates(attacker: Attacker, connections: usize) -> Result<()> {
    on_each(attacker, connections, |number| {
        Control::invocation(number, CREATE, &json!({}))
    })
    .await
}

/// Creates a thousand channels, disconnects, and connects again as another worker.
pub(super) async fn returning_creates(attacker: Attacker) -> Result<()> {
    attacker.begun();
    loop {
        let mut control = Control::connect(&attacker.host).await?;
        attacker.tally.count("connected");
        for _ in 0..1_000 {
            match control.channel().await {
                Ok(_) => attacker.tally.count("answered"),
                Err(refused) => attacker.tally.count(refused),
            }
        }
    }
}

/// Registers functions endlessly.
pub(super) async fn registrations(attacker: Attacker, connections: usize) -> Result<()> {
    on_each(attacker, connections, |number| {
        // Each connection registers functions of its own, as many as possible.
        let own = fastrand::u64(..);
        Control::registration(&format!("siege::{own:x}::{number}"))
    })
    .await
}

/// Calls a function that never answers.
pub(super) async fn unanswered(attacker: Attacker) -> Result<()> {
    let hole = Control::connect(&attacker.host).await?;
    tokio::spawn(flood(hole, super::Tally::default(), 1, |_| {
        Control::registration(HOLE)
    }));
    on_each(attacker, 64, |_| {
        // The executor identifies calls by their ids, so callers must not use the same ones.
        Control::invocation(fastrand::u64(..) >> 16, HOLE, &json!({}))
    })
    .await
}

/// Calls functions that do not exist, while many have similar names.
pub(super) async fn unknown(attacker: Attacker) -> Result<()> {
    full_house(&attacker).await?;
    on_each(attacker, SOME, |number| {
        let id = format!("siege::a::function::with::a::long::name::{number}x");
        Control::invocation(number, &id, &json!({}))
    })
    .await
}

/// Requests the list of functions, which is long.
pub(super) async fn lists(attacker: Attacker) -> Result<()> {
    full_house(&attacker).await?;
    on_each(attacker, SOME, |number| {
        Control::invocation(number, "engine::functions::list", &json!({}))
    })
    .await
}

/// A worker with the maximum number of functions, which stays connected.
async fn full_house(attacker: &Attacker) -> Result<()> {
    let mut control = Control::connect(&attacker.host).await?;
    let sender = &mut control.socket.sender;
    for number in 0..FUNCTIONS {
        let id = format!("siege::a::function::with::a::long::name::{number}");
        tokio::io::AsyncWriteExt::write_all(sender, &Control::registration(&id)).await?;
    }
    // An answer shows that all of them are registered.
    control.channel().await?;
    let Socket {
        mut listener,
        sender,
        ..
    } = control.socket;
    tokio::spawn(async move {
        // Dropping it would end the connection.
        let _sender = sender;
        // Ends with the attack.
        listen(&mut listener, &super::Tally::default()).await
    });
    Ok(())
}

async fn on_each(
    attacker: Attacker,
    connections: usize,
    message: impl Fn(u64) -> Vec<u8> + Clone + Send + Sync + 'static,
) -> Result<()> {
    let mut floods = JoinSet::new();
    for _ in 0..connections {
        let control = Control::connect(&attacker.host).await?;
        floods.spawn(flood(
            control,
            attacker.tally.clone(),
            u64::MAX,
            message.clone(),
        ));
    }
    attacker.begun();
    while let Some(ended) = floods.join_next().await {
        ended??;
    }
    Ok(())
}
