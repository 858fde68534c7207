//! Workers that shut down during runs, and stages that lose the connection to their run.

use std::time::Duration;

use pipewright::testing::faults::{Fault, FaultPlan, FaultProxy, Sockets, Way};
use pipewright::{Channel, Engine, Pipeline, Result, Sender, Worker, pipeline_stage};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::foreign::waits_to_be_told;
use super::ran::{ran, then_idle};
use crate::support::within;

#[pipeline_stage(id = "shutdown::clock")]
async fn clock(mut output: Sender<u64>) -> Result<()> {
    for n in 0.. {
        output.send(n).await?;
        sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

/// The output of the stage until then is incomplete, so the run is not complete.
#[tokio::test]
async fn stages_of_a_local_run_are_told_of_a_shutdown() {
    let worker = Worker::embedded().await.unwrap();
    let pipeline = Pipeline::source(then_idle(0..3)).then(waits_to_be_told);
    let mut run = pipeline.run_local_with(&worker);
    for n in 0..3 {
        assert_eq!(within(run.next()).await.unwrap().unwrap(), n);
    }
    within(worker.shutdown()).await.unwrap();
    let ran = ran(run).await;
    assert!(ran.end.starts_with("stage_lost in run: "), "{ran:?}");
    assert!(ran.end.contains("shuts down"), "{ran:?}");
}

#[tokio::test]
async fn a_lost_hold_is_no_cancellation() {
    let engine = Engine::builder().listen("127.0.0.1:0").start();
    let engine = engine.await.unwrap();
    let url = engine.url().unwrap().to_string();
    let worker = Worker::connect(url.clone()).await.unwrap();
    // A producer has only one reader's socket, the one that controls it; break that one.
    let breaks = FaultPlan::new().of(Sockets::Readers).behind_handshake();
    let breaks = breaks.after(0, Way::ToClient, Fault::Reset);
    let proxy = FaultProxy::start(&url, breaks).await.unwrap();
    let far = Worker::connect(proxy.url().to_owned()).await.unwrap();
    far.register(clock).unwrap();
    far.registered().await.unwrap();
    let items: Channel<u64> = worker.channel(None).await.unwrap();
    let hold: Channel<u64> = worker.channel(None).await.unwrap();
    let mut held = hold.sender;
    held.flush().await.unwrap();
    let request = json!({"writerRef": items.writer_ref, "cancelRef": hold.reader_ref});
    let mut receiver = items.receiver;
    let reading = tokio::spawn(async move { while let Ok(Some(_)) = receiver.recv().await {} });
    let called = worker.trigger("shutdown::clock", &request).call::<Value>();
    let error = within(called).await.unwrap_err().to_string();
    assert!(
        error.contains("connection to the run of the stage was lost"),
        "{error}"
    );
    assert!(!error.contains("cancelled"), "{error}");
    assert_eq!(proxy.strikes().len(), 1);
    within(reading).await.unwrap();
}
