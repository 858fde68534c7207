//! Calls in flight over a lost connection (`docs/protocol.md` section 2.7).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::join_all;
use pipewright::testing::faults::{Fault, FaultPlan, FaultProxy, Way};
use pipewright::{CallError, ConnectionState, Engine, Worker};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use super::reconnect::{connect, proxy_to, reach};
use super::{FAILED, has_functions};
use crate::test_engine::TestEngine;

const WHY: &str = "only pipewright's engine keeps calls";

/// An executor and a caller, each behind a line that can be cut.
struct Pair {
    engine: TestEngine,
    host: Worker,
    host_line: FaultProxy,
    guest: Worker,
    guest_line: FaultProxy,
    /// Receives an entry when the function begins.
    entered: mpsc::Receiver<u32>,
    /// Receives an entry when the function learns that its call is cancelled.
    cancelled: mpsc::Receiver<u32>,
    /// Opens the gate at which the function waits.
    open: watch::Sender<bool>,
}

impl Pair {
    /// The engine keeps calls for the given time.
    async fn new(within: Duration) -> Option<Self> {
        let builder = Engine::builder().reattach_within(within);
        let engine = TestEngine::ours(builder, WHY).await?;
        let (host_line, guest_line) = (proxy_to(&engine).await, proxy_to(&engine).await);
        let host = connect(&engine, &host_line).await;
        let guest = connect(&engine, &guest_line).await;
        let (enter, entered) = mpsc::channel(8);
        let (cancel, cancelled) = mpsc::channel(8);
        let (open, gate) = watch::channel(false);
        host.register_function("slow", move |n: u32, invocation: pipewright::Invocation| {
            let (enter, cancel, mut gate) = (enter.clone(), cancel.clone(), gate.clone());
            async move {
                enter.send(n).await.unwrap();
                let is_cancelled = tokio::select! {
                    _ = gate.wait_for(|open| *open) => false,
                    () = invocation.cancelled() => true,
                };
                if is_cancelled {
                    cancel.send(n).await.unwrap();
                }
                n + 1
            }
        })
        .unwrap();
        has_functions(&engine, &guest, &["slow"]).await;
        Some(Self {
            engine,
            host,
            host_line,
            guest,
            guest_line,
            entered,
            cancelled,
            open,
        })
    }

    /// Starts a call and waits until it runs.
    async fn call(&mut self, n: u32) -> tokio::task::JoinHandle<Result<u32, CallError>> {
        let guest = self.guest.clone();
        let call = tokio::spawn(async move { guest.call::<u32>("slow", &n).await });
        assert_eq!(within(self.entered.recv()).await, Some(n));
        call
    }
}

async fn within<T>(future: impl Future<Output = T>) -> T {
    timeout(FAILED, future).await.expect("takes too long")
}

async fn cut(worker: &Worker, line: &FaultProxy) {
    line.cut_off();
    reach(worker, ConnectionState::Reconnecting).await;
}

async fn mend(pair: &TestEngine, worker: &Worker, line: &FaultProxy) {
    line.lead_to(pair.url()).unwrap();
    reach(worker, ConnectionState::Connected).await;
}

#[tokio::test]
async fn a_result_produced_while_the_caller_is_away_arrives() {
    let Some(mut pair) = Pair::new(FAILED).await else {
        return;
    };
    let call = pair.call(1).await;
    cut(&pair.guest, &pair.guest_line).await;
    pair.open.send_replace(true);
    // The engine has the result when the executor has nothing left to do.
    pair.engine.settled(|stats| stats.calls == 0).await;
    mend(&pair.engine, &pair.guest, &pair.guest_line).await;
    assert_eq!(within(call).await.unwrap().unwrap(), 2);
    assert!(pair.cancelled.try_recv().is_err());
}

#[tokio::test]
async fn a_result_produced_while_the_executor_is_away_arrives() {
    let Some(mut pair) = Pair::new(FAILED).await else {
        return;
    };
    let call = pair.call(1).await;
    cut(&pair.host, &pair.host_line).await;
    // A worker without a connection has no functions.
    let error = pair.guest.call::<u32>("slow", &2).await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
    pair.open.send_replace(true);
    mend(&pair.engine, &pair.host, &pair.host_line).await;
    assert_eq!(within(call).await.unwrap().unwrap(), 2);
    has_functions(&pair.engine, &pair.guest, &["slow"]).await;
    assert_eq!(within(pair.guest.call::<u32>("slow", &3)).await.unwrap(), 4);
}

#[tokio::test]
async fn a_call_continues_after_both_connections_were_lost() {
    let Some(mut pair) = Pair::new(FAILED).await else {
        return;
    };
    let call = pair.call(1).await;
    tokio::join!(
        cut(&pair.host, &pair.host_line),
        cut(&pair.guest, &pair.guest_line)
    );
    mend(&pair.engine, &pair.guest, &pair.guest_line).await;
    mend(&pair.engine, &pair.host, &pair.host_line).await;
    pair.open.send_replace(true);
    assert_eq!(within(call).await.unwrap().unwrap(), 2);
    assert!(pair.cancelled.try_recv().is_err());
}

/// The connection is lost for the workers only, so the engine still has it when they reattach.
#[tokio::test]
async fn a_call_continues_if_the_engine_has_not_noticed_the_loss() {
    let Some(mut pair) = Pair::new(FAILED).await else {
        return;
    };
    let call = pair.call(1).await;
    let before = (pair.host.id(), pair.guest.id());
    for line in [&pair.host_line, &pair.guest_line] {
        line.strike(Way::ToEngine, Fault::Stall);
        line.strike(Way::ToClient, Fault::HalfClose);
    }
    let replaced = async {
        while pair.host.id() == before.0 || pair.guest.id() == before.1 {
            tokio::task::yield_now().await;
        }
    };
    within(replaced).await;
    pair.open.send_replace(true);
    assert_eq!(within(call).await.unwrap().unwrap(), 2);
    has_functions(&pair.engine, &pair.guest, &["slow"]).await;
}

#[tokio::test]
async fn a_caller_that_stays_away_loses_its_calls() {
    let Some(mut pair) = Pair::new(Duration::from_millis(300)).await else {
        return;
    };
    let call = pair.call(1).await;
    cut(&pair.guest, &pair.guest_line).await;
    // The executor learns it from the engine.
    assert_eq!(within(pair.cancelled.recv()).await, Some(1));
    let error = within(call).await.unwrap().unwrap_err();
    assert!(matches!(error, CallError::Disconnected { .. }), "{error}");
    pair.engine.settled(|stats| stats.calls == 0).await;
    // It can come back later and make calls.
    mend(&pair.engine, &pair.guest, &pair.guest_line).await;
    pair.open.send_replace(true);
    assert_eq!(within(pair.guest.call::<u32>("slow", &2)).await.unwrap(), 3);
}

#[tokio::test]
async fn an_executor_that_stays_away_stops_the_calls_that_it_runs() {
    let Some(mut pair) = Pair::new(Duration::from_millis(300)).await else {
        return;
    };
    let call = pair.call(1).await;
    cut(&pair.host, &pair.host_line).await;
    let error = within(call).await.unwrap().unwrap_err();
    assert_eq!(error.code(), Some("invocation_stopped"), "{error}");
    // A lost connection is no cancellation.
    assert!(pair.cancelled.try_recv().is_err());
}

#[tokio::test]
async fn a_call_cancelled_during_the_cut_is_cancelled_afterwards() {
    let Some(mut pair) = Pair::new(FAILED).await else {
        return;
    };
    let (first, second) = (pair.call(1).await, pair.call(2).await);
    // One while its executor is away, the other while its caller is away.
    cut(&pair.host, &pair.host_line).await;
    first.abort();
    pair.engine.settled(|stats| stats.calls == 1).await;
    mend(&pair.engine, &pair.host, &pair.host_line).await;
    assert_eq!(within(pair.cancelled.recv()).await, Some(1));
    cut(&pair.guest, &pair.guest_line).await;
    second.abort();
    assert!(pair.cancelled.try_recv().is_err());
    mend(&pair.engine, &pair.guest, &pair.guest_line).await;
    assert_eq!(within(pair.cancelled.recv()).await, Some(2));
    pair.engine.settled(|stats| stats.calls == 0).await;
}

#[tokio::test]
async fn a_restarted_engine_does_not_know_the_calls() {
    let Some(mut pair) = Pair::new(FAILED).await else {
        return;
    };
    let call = pair.call(1).await;
    let second = TestEngine::start().await;
    tokio::join!(
        cut(&pair.guest, &pair.guest_line),
        cut(&pair.host, &pair.host_line)
    );
    for line in [&pair.guest_line, &pair.host_line] {
        line.lead_to(second.url()).unwrap();
    }
    let error = within(call).await.unwrap().unwrap_err();
    assert!(matches!(error, CallError::Disconnected { .. }), "{error}");
    has_functions(&second, &pair.guest, &["slow"]).await;
    pair.open.send_replace(true);
    assert_eq!(within(pair.guest.call::<u32>("slow", &2)).await.unwrap(), 3);
}

#[tokio::test]
async fn a_worker_that_shuts_down_answers_after_a_cut() {
    let Some(mut pair) = Pair::new(FAILED).await else {
        return;
    };
    let call = pair.call(1).await;
    cut(&pair.host, &pair.host_line).await;
    let leaving = tokio::spawn({
        let host = pair.host.clone();
        async move { host.shutdown().await }
    });
    // The shutdown is a cancellation for the function, which returns.
    assert_eq!(within(pair.cancelled.recv()).await, Some(1));
    pair.host_line.lead_to(pair.engine.url()).unwrap();
    assert_eq!(within(call).await.unwrap().unwrap(), 2);
    within(leaving).await.unwrap().unwrap();
}

/// Cuts hit messages on their way: calls, results and the answers to reattachments.
#[tokio::test(flavor = "multi_thread")]
async fn calls_run_once_and_return_over_many_cuts() {
    const CALLS: u32 = 300;
    let builder = Engine::builder().reattach_within(FAILED);
    let Some(engine) = TestEngine::ours(builder, WHY).await else {
        return;
    };
    // Both workers are cut again and again, after different numbers of bytes.
    let plan = FaultPlan::new().behind_handshake();
    let host_line = FaultProxy::start(engine.url(), plan.clone().after_each(9000, Fault::Cut));
    let guest_line = FaultProxy::start(engine.url(), plan.after_each(7000, Fault::Cut));
    let (host_line, guest_line) = (host_line.await.unwrap(), guest_line.await.unwrap());
    let host = connect(&engine, &host_line).await;
    let guest = connect(&engine, &guest_line).await;
    let ran = Arc::new(Mutex::new(BTreeMap::<u32, u32>::new()));
    let counted = Arc::clone(&ran);
    host.register_function("count", move |n: u32| {
        *counted.lock().unwrap().entry(n).or_default() += 1;
        async move { n }
    })
    .unwrap();
    host.registered().await.unwrap();
    let calls = (0..4).map(|caller| {
        let guest = guest.clone();
        async move {
            for n in (caller..CALLS).step_by(4) {
                loop {
                    match guest.call::<u32>("count", &n).await {
                        Ok(result) => break assert_eq!(result, n),
                        // The executor has no connection now, so the call has not run.
                        Err(error) if error.is_not_found() => tokio::task::yield_now().await,
                        Err(error) => panic!("{n}: {error}"),
                    }
                }
            }
        }
    });
    timeout(3 * FAILED, join_all(calls))
        .await
        .expect("takes too long");
    assert!(host_line.strikes().len() > 2 && guest_line.strikes().len() > 2);
    let ran = ran.lock().unwrap();
    assert!(ran.values().all(|times| *times == 1), "{ran:?}");
    assert_eq!(ran.len(), CALLS as usize);
}
