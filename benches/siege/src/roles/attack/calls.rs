use anyhow::Result;
use serde_json::json;
use tokio::task::JoinSet;

use super::Attacker;
use super::flood::{flood, listen};
use crate::raw::{Control, Socket};

const CREATE: &str = "engine::channels::create";
const HOLE: &str = "siege::hole";

/// Functions that one worker may have unless told.
const FUNCTIONS: u64 = 10_000;

/// Connections of the attacks that have some, where their number is not the point.
const SOME: usize = 4;

/// Makes channels without end.
pub(super) async fn creates(attacker: Attacker, connections: usize) -> Result<()> {
    on_each(attacker, connections, |number| {
        Control::invocation(number, CREATE, &json!({}))
    })
    .await
}

/// Makes a thousand channels, leaves, and comes back as somebody else.
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

/// Registers functions without end.
pub(super) async fn registrations(attacker: Attacker, connections: usize) -> Result<()> {
    on_each(attacker, connections, |number| {
        // Each connection has functions of its own, as far as it comes.
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
        // Ids are known by the executor, so callers must not use the same.
        Control::invocation(fastrand::u64(..) >> 16, HOLE, &json!({}))
    })
    .await
}

/// Calls functions that nobody has, where many have names that are nearly the same.
pub(super) async fn unknown(attacker: Attacker) -> Result<()> {
    full_house(&attacker).await?;
    on_each(attacker, SOME, |number| {
        let id = format!("siege::a::function::with::a::long::name::{number}x");
        Control::invocation(number, &id, &json!({}))
    })
    .await
}

/// Asks for the list of functions, which is long.
pub(super) async fn lists(attacker: Attacker) -> Result<()> {
    full_house(&attacker).await?;
    on_each(attacker, SOME, |number| {
        Control::invocation(number, "engine::functions::list", &json!({}))
    })
    .await
}

/// A worker with all functions that it may have, which stays.
async fn full_house(attacker: &Attacker) -> Result<()> {
    let mut control = Control::connect(&attacker.host).await?;
    let sender = &mut control.socket.sender;
    for number in 0..FUNCTIONS {
        let id = format!("siege::a::function::with::a::long::name::{number}");
        tokio::io::AsyncWriteExt::write_all(sender, &Control::registration(&id)).await?;
    }
    // An answer shows that all of them are there.
    control.channel().await?;
    let Socket {
        mut listener,
        sender,
        ..
    } = control.socket;
    tokio::spawn(async move {
        // Dropping it would end the connection.
        let _sender = sender;
        // It ends with the attack.
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
