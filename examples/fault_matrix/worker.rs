//! The processes of a round.

use std::future::pending;

use pipewright::{Engine, Error, Result};

use super::part::Part;
use super::{patience, stages};

/// Prints the engine's URL, and serves until the process ends.
pub(crate) async fn engine() -> Result<()> {
    let engine = patience::engine(Engine::builder())
        .listen("127.0.0.1:0")
        .start()
        .await?;
    println!(
        "{}",
        engine
            .url()
            .ok_or_else(|| Error::msg("the engine has no URL"))?
    );
    pending().await
}

/// Registers the stages of a part, reports that, and serves until the process ends.
pub(crate) async fn worker(part: Part, url: &str) -> Result<()> {
    let worker = patience::worker(url)?.connect().await?;
    stages::register(&worker, part)?;
    worker.registered().await?;
    println!("ready");
    pending().await
}
