//! Every command ends on a signal, with the conventional status.

use std::process::Stdio;

use pipewright::Engine;
use serde_json::Value;
use tokio::process::Command;
use tokio::sync::mpsc;

use super::pipewright;
use crate::support::{TestEngine, within};

#[tokio::test]
async fn commands_end_with_the_status_of_the_signal() {
    let why = "the function of this test has a fixed id";
    let Some(engine) = TestEngine::ours(Engine::builder(), why).await else {
        return;
    };
    let worker = engine.worker(engine.address()).await;
    let (called, mut calls) = mpsc::unbounded_channel();
    let hang = move |_: Value| {
        called.send(()).unwrap();
        std::future::pending::<()>()
    };
    worker.register_function("f::hang", hang).unwrap();
    worker.registered().await.unwrap();
    for (signal, status) in [("HUP", 129), ("INT", 130), ("TERM", 143)] {
        let mut child = pipewright(engine.url(), &["trigger", "f::hang"])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        within(calls.recv()).await.unwrap();
        let id = child.id().unwrap().to_string();
        let sent = Command::new("kill").args(["-s", signal, &id]).status();
        assert!(sent.await.unwrap().success());
        // A code, and not a signal: the program has ended itself, as the first process of a
        // container has to.
        let ended = within(child.wait()).await.unwrap();
        assert_eq!(ended.code(), Some(status), "{signal}");
    }
}
