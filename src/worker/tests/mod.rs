//! Tests of the driver with a scripted engine, in memory and with a paused clock.

mod calls;
mod connect;
mod engine;
mod functions;
mod reconnect;
mod shutdown;

use engine::{Peer, ScriptedEngine};

use super::Worker;

/// Connects a worker. Returns it with the engine's side of its connection, after the announcement.
async fn connected() -> (Worker, Peer, ScriptedEngine) {
    let mut engine = ScriptedEngine::new();
    let worker = Worker::builder(engine.address()).connect().await.unwrap();
    let mut peer = engine.accept().await;
    peer.expect_announcement().await;
    (worker, peer, engine)
}

/// Handles are shared and futures are spawned, so the types must allow it.
#[test]
fn public_types_travel_between_threads() {
    fn travels<T: Send + Sync + Unpin + 'static>() {}
    fn sends<T: Send>(_: &T) {}
    fn futures(worker: &Worker) {
        sends(&worker.trigger("f", "x").call::<String>());
        sends(&worker.trigger("f", "x").void());
        sends(&worker.call::<String>("f", "x"));
        sends(&worker.shutdown());
        sends(&worker.closed());
        sends(&Worker::connect("ws://localhost"));
    }
    let _ = futures;
    travels::<Worker>();
    travels::<super::WorkerBuilder>();
    travels::<super::Invocation>();
    travels::<super::CallError>();
    travels::<super::RegisterError>();
    travels::<super::FunctionError>();
    travels::<super::Closed>();
}
