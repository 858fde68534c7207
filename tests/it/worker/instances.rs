//! Several workers for one function: waiting, sharing, draining and rolling restarts.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures::StreamExt;
use pipewright::testing::faults::{Fault, FaultPlan, FaultProxy};
use pipewright::{
    Backoff, CallError, Engine, Pipeline, RegistrationExt, Worker, pipeline_stage, remote,
};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use super::FAILED;
use crate::test_engine::TestEngine;

const WHY: &str = "only ours shares functions and lets workers wait";

async fn ours() -> Option<TestEngine> {
    TestEngine::ours(Engine::builder(), WHY).await
}

/// A worker that reconnects immediately.
async fn worker_at(url: &str) -> Worker {
    let fast = Backoff::new()
        .first(Duration::from_millis(5))
        .base(Duration::from_millis(5))
        .cap(Duration::from_millis(50));
    let builder = Worker::builder(url).reconnect(fast);
    builder.connect().await.unwrap()
}

#[tokio::test]
async fn the_second_worker_waits_and_takes_over() {
    let Some(engine) = ours().await else { return };
    let first = Worker::builder(engine.url()).name("first").connect().await;
    let (first, second) = (first.unwrap(), worker_at(engine.url()).await);
    first.register_function("f", async |_: Value| 1).unwrap();
    assert!(first.registered().await.unwrap().is_complete());
    second.register_function("f", async |_: Value| 2).unwrap();
    let registered = second.registered().await.unwrap();
    let waiting: Vec<_> = registered.waiting().collect();
    assert_eq!(waiting.len(), 1);
    assert!(registered.to_string().contains("`first`"), "{registered}");
    assert_eq!(second.rejections().len(), 1);
    assert_eq!(second.call::<u8>("f", &()).await.unwrap(), 1);
    first.shutdown().await.unwrap();
    assert_eq!(second.call::<u8>("f", &()).await.unwrap(), 2);
    assert!(second.registered().await.unwrap().is_complete());
}

#[tokio::test]
async fn a_shared_stage_runs_on_all_its_workers() {
    #[pipeline_stage(id = "instances::double")]
    fn double(n: u64) -> u64 {
        2 * n
    }

    let Some(engine) = ours().await else { return };
    let (a, b) = (worker_at(engine.url()).await, worker_at(engine.url()).await);
    for worker in [&a, &b] {
        worker.register(double).shared().unwrap();
        assert!(worker.registered().await.unwrap().is_complete());
    }
    let caller = worker_at(engine.url()).await;
    let run = Pipeline::from_iter(0..100_u64)
        .parallel(4, remote::<u64, u64>("instances::double"))
        .start(&caller)
        .await
        .unwrap();
    let mut items = 0;
    let report = run.for_each(|_| items += 1).await.unwrap();
    assert_eq!(items, 100);
    let on = |name: &str| {
        let stages = report
            .stages
            .iter()
            .filter_map(|stage| stage.report.as_ref());
        stages
            .filter(|report| report.worker.as_deref() == Some(name))
            .count()
    };
    assert_eq!((on(a.name()), on(b.name())), (2, 2));
    assert!(report.to_string().contains(a.name()), "{report}");
}

#[tokio::test]
async fn a_shutdown_serves_the_calls_on_their_way() {
    let Some(engine) = ours().await else { return };
    let proxy = FaultProxy::start(engine.url(), FaultPlan::new())
        .await
        .unwrap();
    let host = worker_at(proxy.url()).await;
    host.register_function("echo", async |n: u32| {
        sleep(Duration::from_millis(50)).await;
        n
    })
    .unwrap();
    host.registered().await.unwrap();
    proxy.strike_each(Fault::Delay(Duration::from_millis(30)));
    let guest = worker_at(engine.url()).await;
    let calls = futures::future::join_all((0..20_u64).map(|n| {
        let guest = &guest;
        async move {
            sleep(Duration::from_millis(5 * n)).await;
            guest.call::<u32>("echo", &1).await
        }
    }));
    let stop = async {
        sleep(Duration::from_millis(50)).await;
        host.shutdown().await
    };
    let (calls, stopped) = tokio::join!(calls, stop);
    stopped.unwrap();
    for error in calls.into_iter().filter_map(Result::err) {
        assert!(error.is_not_found(), "{error}");
    }
}

/// Makes calls until `stop` is set. Returns the number of successful calls and the errors.
async fn load(guest: Worker, idempotent: bool, stop: Arc<AtomicBool>) -> (usize, Vec<CallError>) {
    let (mut well, mut failed) = (0, Vec::new());
    while !stop.load(Ordering::Relaxed) {
        let call = guest.trigger("work", &json!(7)).timeout(FAILED);
        let call = if idempotent { call.idempotent() } else { call };
        match call.call::<u32>().await {
            Ok(_) => well += 1,
            Err(error) => failed.push(error),
        }
    }
    (well, failed)
}

async fn instance(url: &str) -> Worker {
    let worker = worker_at(url).await;
    let work = async |n: u32| {
        sleep(Duration::from_millis(5)).await;
        n
    };
    worker.function("work").shared().register(work).unwrap();
    assert!(worker.registered().await.unwrap().is_complete());
    worker
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_restart_fails_no_idempotent_call() {
    let Some(engine) = ours().await else { return };
    let proxy = FaultProxy::start(engine.url(), FaultPlan::new())
        .await
        .unwrap();
    let mut instances = vec![instance(proxy.url()).await, instance(proxy.url()).await];
    let stop = Arc::new(AtomicBool::new(false));
    let mut loads = Vec::new();
    for n in 0..6 {
        let guest = worker_at(proxy.url()).await;
        loads.push((n < 4, tokio::spawn(load(guest, n < 4, Arc::clone(&stop)))));
    }
    // New, then old: two rounds, with a restart of the engine in between.
    let mut current = engine;
    for round in 0..2 {
        for _ in 0..2 {
            sleep(Duration::from_millis(100)).await;
            instances.push(instance(proxy.url()).await);
            let old = instances.remove(0);
            old.shutdown().await.unwrap();
        }
        if round == 0 {
            sleep(Duration::from_millis(100)).await;
            current.handle(WHY).unwrap().shutdown().await;
            let Some(next) = ours().await else { return };
            proxy.lead_to(next.url()).unwrap();
            current = next;
            for instance in &instances {
                instance.registered().await.ok();
            }
        }
    }
    sleep(Duration::from_millis(100)).await;
    stop.store(true, Ordering::Relaxed);
    let (mut well, mut others) = (0, 0);
    for (idempotent, load) in loads {
        let (good, failed) = timeout(FAILED, load).await.expect("hangs").unwrap();
        well += good;
        if idempotent {
            assert!(failed.is_empty(), "{} failed: {}", failed.len(), failed[0]);
        }
        others += failed.len();
    }
    println!("{well} calls went well; {others} that were not idempotent failed");
    assert!(well > 50, "only {well} calls");
}

#[tokio::test]
async fn a_dropped_call_is_cancelled_at_the_function() {
    let Some(engine) = ours().await else { return };
    let (host, guest) = (worker_at(engine.url()).await, worker_at(engine.url()).await);
    let (entered, mut running) = tokio::sync::mpsc::unbounded_channel();
    host.register_function(
        "wait",
        move |_: Value, invocation: pipewright::Invocation| {
            let entered = entered.clone();
            async move {
                entered.send(invocation.deadline()).unwrap();
                invocation.cancelled().await;
                entered.send(None).unwrap();
            }
        },
    )
    .unwrap();
    host.registered().await.unwrap();
    let mut ended = async |what: &str| {
        let ended = timeout(FAILED, running.recv()).await;
        ended.unwrap_or_else(|_| panic!("{what}")).unwrap()
    };
    // Dropped.
    let call = guest.trigger("wait", &()).call::<()>();
    let begun = ended("never called");
    tokio::select! {
        outcome = call => panic!("{outcome:?}"),
        deadline = begun => assert!(deadline.unwrap() > Instant::now()),
    }
    assert_eq!(ended("a dropped call goes on").await, None);
    // Timed out.
    let call = guest
        .trigger("wait", &())
        .timeout(Duration::from_millis(50));
    assert!(call.call::<()>().await.unwrap_err().is_timeout());
    assert!(ended("never called").await.is_some());
    assert_eq!(ended("a call goes on beyond its timeout").await, None);
    // Its caller has gone.
    let gone = worker_at(engine.url()).await;
    let call = gone.trigger("wait", &()).call::<()>();
    let begun = ended("never called");
    let (outcome, ()) = tokio::join!(call, async {
        begun.await;
        gone.shutdown().await.unwrap();
    });
    assert!(outcome.is_err());
    assert_eq!(ended("a call goes on without its caller").await, None);
}

#[tokio::test]
async fn a_worker_refuses_calls_beyond_its_limit() {
    let Some(engine) = ours().await else { return };
    let host = Worker::builder(engine.url())
        .max_running_calls(2)
        .connect()
        .await
        .unwrap();
    let running = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&running);
    host.register_function("hang", move |_: Value| {
        counter.fetch_add(1, Ordering::Relaxed);
        std::future::pending::<()>()
    })
    .unwrap();
    host.registered().await.unwrap();
    let guest = worker_at(engine.url()).await;
    for _ in 0..10 {
        guest.trigger("hang", &()).void().await.unwrap();
    }
    let error = guest.call::<()>("hang", &()).await.unwrap_err();
    assert_eq!(error.code(), Some("too_many_calls"), "{error}");
    assert_eq!(running.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn an_idempotent_call_waits_for_its_worker_after_a_restart() {
    let Some(first) = ours().await else { return };
    let to_host = FaultProxy::start(first.url(), FaultPlan::new())
        .await
        .unwrap();
    let to_guest = FaultProxy::start(first.url(), FaultPlan::new())
        .await
        .unwrap();
    let (host, guest) = (
        worker_at(to_host.url()).await,
        worker_at(to_guest.url()).await,
    );
    let (entered, mut running) = tokio::sync::mpsc::unbounded_channel();
    let first_run = AtomicBool::new(true);
    host.register_function("f", move |n: u32| {
        let hangs = first_run.swap(false, Ordering::Relaxed);
        entered.send(()).unwrap();
        async move {
            if hangs {
                std::future::pending::<()>().await;
            }
            n
        }
    })
    .unwrap();
    host.registered().await.unwrap();
    let call = guest.trigger("f", &7).idempotent().call::<u32>();
    let restart = async {
        running.recv().await.unwrap();
        first.handle(WHY).unwrap().shutdown().await;
        let second = ours().await.unwrap();
        to_guest.lead_to(second.url()).unwrap();
        // The caller has reconnected, and is notified that no worker has the function.
        let mut states = guest.states();
        while states.next().await != Some(pipewright::ConnectionState::Connected) {}
        guest.registered().await.unwrap();
        to_host.lead_to(second.url()).unwrap();
        second
    };
    let (answer, _second) = tokio::join!(call, restart);
    assert_eq!(answer.unwrap(), 7);
}
