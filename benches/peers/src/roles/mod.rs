//! The processes of the comparison. Each prints a line when it is connected, waits for the command
//! to begin, and prints its count or measurement.
//!
//! | file | role |
//! |---|---|
//! | `engine` | our engine |
//! | `bytes`, `items` | our writers and readers of bytes and items |
//! | `trips` | both ends of our round trips |
//! | `many`, `idle` | many of our channels, busy and idle |
//! | `create`, `hops`, `fused`, `in_memory` | roles that work alone |
//! | `codecs` | serde_json and bincode alone |
//! | `tcp`, `websocket`, `pipe`, `sdk`, `tonic`, `remoc` | the peers |

mod bytes;
mod codecs;
mod create;
mod engine;
mod fused;
mod hops;
mod idle;
mod in_memory;
mod items;
mod many;
mod pipe;
mod remoc;
mod sdk;
mod tcp;
mod tonic;
mod trips;
mod websocket;

use anyhow::{Result, bail};
use pipewright_bench_roles::Gate;

/// Runs the role that is named first, with the following arguments.
///
/// It runs as a task, as functions and stages of a worker and services of the peers do. Code that
/// `main` awaits runs outside of the runtime's threads, so each answer would wake another thread.
#[tokio::main]
pub(crate) async fn run(role: &[&str]) -> Result<()> {
    let role = role.iter().copied().map(String::from).collect();
    tokio::spawn(play(role)).await?
}

async fn play(role: Vec<String>) -> Result<()> {
    let gate = Gate::open();
    let role: Vec<&str> = role.iter().map(String::as_str).collect();
    match *role.as_slice() {
        ["engine"] => engine::serve(gate).await,
        ["write", url, reference, amount] => bytes::write(gate, url, reference, amount).await,
        ["copy", url, reference, file] => bytes::copy(gate, url, reference, file).await,
        ["read", url, reference] => bytes::read(gate, url, reference).await,
        ["send", format, url, reference, amount] => {
            items::send(gate, format, url, reference, amount).await
        }
        ["receive", format, url, reference] => items::receive(gate, format, url, reference).await,
        ["echo", url, from, to] => trips::echo(gate, url, from, to).await,
        ["ping", url, to, from, trips] => trips::ping(gate, url, to, from, trips).await,
        ["many-write", url, refs, amount] => many::write(gate, url, refs, amount).await,
        ["many-read", url, refs] => many::read(gate, url, refs).await,
        ["idle-writers", url, refs] => idle::writers(gate, url, refs).await,
        ["idle-readers", url, refs] => idle::readers(gate, url, refs).await,
        ["create", url, channels] => create::create(gate, url, channels).await,
        ["hops", url, stages, items] => hops::run(gate, url, stages, items).await,
        // A separate future, so that the other code in this one does not affect how it is compiled.
        ["fused", kind, who, items] => Box::pin(fused::run(gate, kind, who, items)).await,
        ["in-memory-bytes", amount] => in_memory::bytes(gate, amount).await,
        ["in-memory-items", who, items] => in_memory::items(gate, who, items).await,
        ["codec", format, items] => codecs::decode(&gate, format, items),
        ["tcp-relay"] => tcp::relay(gate).await,
        ["tcp-write", address, amount] => tcp::write(gate, address, amount).await,
        ["tcp-copy", address, file] => tcp::copy(gate, address, file).await,
        ["tcp-read", address] => tcp::read(gate, address).await,
        ["tcp-echo", address] => tcp::echo(gate, address).await,
        ["tcp-ping", address, trips] => tcp::ping(gate, address, trips).await,
        ["ws-relay"] => websocket::relay(gate).await,
        ["ws-write", address, amount] => websocket::write(gate, address, amount).await,
        ["ws-read", address] => websocket::read(gate, address).await,
        ["pipe-write", path, amount] => pipe::write(gate, path, amount).await,
        ["pipe-read", path] => pipe::read(gate, path).await,
        ["sdk-write", url, reference, amount] => sdk::write(gate, url, reference, amount).await,
        ["sdk-read", url, reference] => sdk::read(gate, url, reference).await,
        ["sdk-send", url, reference, amount] => sdk::send(gate, url, reference, amount).await,
        ["sdk-receive", url, reference] => sdk::receive(gate, url, reference).await,
        ["tonic-relay"] => tonic::relay(gate).await,
        ["tonic-send", address, amount] => tonic::send(gate, address, amount).await,
        ["tonic-receive", address] => tonic::receive(gate, address).await,
        ["remoc-send", amount, address] => remoc::send(gate, amount, address).await,
        ["remoc-receive"] => remoc::receive(gate).await,
        _ => bail!("there is no role {role:?}"),
    }
}

/// The size of one write and of one frame.
const PIECE: usize = 64 << 10;
