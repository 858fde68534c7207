//! Keeps an engine busy, so that there is something to see in the dashboard, at the engine's
//! address, or in `pipewright top`.
//!
//! ```console
//! $ cargo run --example busy ws://127.0.0.1:49134
//! failed: log::parse at item 400: no level in "garbage"
//! goes on: log::parse, log::errors, log::score
//! held back: log::parse, log::shorten
//! ```
//!
//! It runs until it is stopped with Ctrl-C. Two workers have the stages, so every stage is a call
//! over sockets. There is one endless run, one whose output is never read, and one that has failed.

use std::env;
use std::time::Duration;

use futures::{Stream, StreamExt, stream};
use pipewright::prelude::*;
use pipewright::remote;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Entry {
    level: String,
    text: String,
}

#[pipeline_stage(id = "log::parse")]
fn parse(line: String) -> Result<Entry> {
    let (level, text) = line
        .split_once(' ')
        .ok_or_else(|| Error::msg(format!("no level in {line:?}")))?;
    Ok(Entry {
        level: level.to_owned(),
        text: text.to_owned(),
    })
}

#[pipeline_stage(id = "log::errors")]
fn errors(entry: &Entry) -> bool {
    entry.level == "ERROR"
}

#[pipeline_stage(id = "log::score")]
fn score(entry: Entry) -> usize {
    entry.text.len()
}

#[pipeline_stage(id = "log::shorten")]
fn shorten(entry: Entry) -> String {
    entry.text
}

fn line(number: usize) -> String {
    let level = if number.is_multiple_of(3) {
        "ERROR"
    } else {
        "INFO"
    };
    format!(
        "{level} request {number} took {} ms, {}",
        number % 97,
        "x".repeat(200)
    )
}

/// Sends lines at a fixed rate.
fn steady() -> impl Stream<Item = String> + Send {
    let beat = tokio::time::interval(Duration::from_millis(20));
    let beats = stream::unfold(beat, async |mut beat| {
        beat.tick().await;
        Some(((), beat))
    });
    beats
        .enumerate()
        .flat_map(|(beat, ())| stream::iter((beat * 40..(beat + 1) * 40).map(line)))
}

#[tokio::main]
async fn main() -> Result<()> {
    let url = env::var("PIPEWRIGHT_ENGINE_URL")
        .ok()
        .or_else(|| env::args().nth(1))
        .ok_or_else(|| Error::msg("usage: busy URL"))?;
    let parser = Worker::builder(&*url).name("parser").connect().await?;
    parser.register(parse())?;
    parser.register(errors())?;
    parser.registered().await?;
    let scorer = Worker::builder(&*url).name("scorer").connect().await?;
    scorer.register(score())?;
    scorer.register(shorten())?;
    scorer.registered().await?;
    let caller = Worker::builder(&*url).name("nightly").connect().await?;

    let broken = (0..400).map(line).chain(["garbage".to_owned()]);
    let failing = Pipeline::from_iter(broken)
        .then(remote::<String, Entry>("log::parse"))
        .then(remote::<Entry, usize>("log::score"));
    let failed = failing.start(&caller).await?.collect::<Vec<_>>().await;
    if let Err(error) = failed {
        let cause = error.first_cause();
        let stage = cause.stage.as_deref().unwrap_or("?");
        let item = cause.item.unwrap_or(0);
        println!("failed: {stage} at item {item}: {}", cause.message);
    }

    let scored = Pipeline::source(steady())
        .then(remote::<String, Entry>("log::parse"))
        .then(remote::<Entry, Entry>("log::errors"))
        .then(remote::<Entry, usize>("log::score"));
    let scored = scored.start(&caller).await?;
    tokio::spawn(scored.for_each(|_| ()));
    println!("goes on: log::parse, log::errors, log::score");

    let all = Pipeline::source(stream::iter((0..).map(line)))
        .then(remote::<String, Entry>("log::parse"))
        .then(remote::<Entry, String>("log::shorten"));
    // The output of this run is never read.
    let _unread = all.start(&caller).await?;
    println!("held back: log::parse, log::shorten");
    tokio::select! {
        closed = parser.closed() => Err(Error::msg(format!("the engine has gone: {closed:?}"))),
        stopped = tokio::signal::ctrl_c() => Ok(stopped?),
    }
}
