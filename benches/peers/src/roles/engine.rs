use std::future::pending;

use anyhow::{Context, Result};
use pipewright::Engine;

use super::Gate;

/// Runs our engine until the suite ends it.
pub(super) async fn serve(gate: Gate) -> Result<()> {
    let engine = Engine::builder().listen("127.0.0.1:0").start().await?;
    gate.say(engine.url().context("the engine listens")?);
    pending().await
}
