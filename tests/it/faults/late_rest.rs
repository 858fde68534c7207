//! The rest of a stream may arrive long after the stage that wrote it has ended.

use std::time::Duration;

use pipewright::testing::faults::{Fault, FaultPlan, Sockets, Way};
use pipewright::{Pipeline, Receiver, Result, Sender, StageExt, pipeline_stage};

use super::Scene;
use crate::support::within;

#[pipeline_stage(id = "late_rest::pass")]
async fn pass(mut input: Receiver<u64>, mut output: Sender<u64>) -> Result<()> {
    while let Some(n) = input.recv().await? {
        output.send(n).await?;
    }
    Ok(())
}

/// The stage closes its output and answers at once, and the network then pauses for longer than a
/// reader waits for an output that was left open.
#[tokio::test]
async fn rest_may_arrive_late_after_its_stage_has_ended() {
    let pause = Fault::Pause(Duration::from_secs(3));
    let plan = FaultPlan::new()
        .of(Sockets::Readers)
        .after(20_000, Way::ToClient, pause);
    let scene = Scene::new(plan).await;
    let far = scene
        .house
        .engine
        .worker(scene.house.engine.address())
        .await;
    far.register(pass).unwrap();
    far.registered().await.unwrap();
    let address = scene.proxy.url().parse().unwrap();
    let worker = scene.house.engine.worker(address).await;
    let make = || Pipeline::from_iter(0..30_000_u64).then(pass.remote());
    let fused = within(make().run_local_with(&worker).collect::<Vec<_>>()).await;
    assert!(fused.unwrap().into_iter().eq(0..30_000));
    let over_channels = make().start(&worker).await.unwrap();
    let over_channels = within(over_channels.collect::<Vec<_>>()).await;
    assert!(over_channels.unwrap().into_iter().eq(0..30_000));
    assert_eq!(scene.proxy.strikes().len(), 2);
    far.shutdown().await.unwrap();
}
