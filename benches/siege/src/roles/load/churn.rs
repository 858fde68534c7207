use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Result;
use fastrand::Rng;
use pipewright::{Address, Worker};
use pipewright_bench_roles::Gate;
use tokio::runtime::Builder;
use tokio::time::timeout;

use super::sample_data::SampleData;
use super::upload::{kind, upload};
use crate::load::{CHURN_PROCESSES, ChurnCounts};

/// Timeout of a call to a worker that may leave before it answers.
const PATIENCE: Duration = Duration::from_secs(10);

/// Number of processes in which workers come and go.
const GROUPS: u64 = CHURN_PROCESSES as u64;

/// Workers that connect, register a function, call each other, stream, and leave with or without a
/// shutdown. On each command it prints its counts so far.
pub(crate) async fn come_and_go(
    mut gate: Gate,
    url: &str,
    sink: &str,
    workers: &str,
    seed: &str,
) -> Result<()> {
    let address: Address = url.parse()?;
    let (workers, seed): (u64, u64) = (workers.parse()?, seed.parse()?);
    let counts = Arc::new(Mutex::new(ChurnCounts::default()));
    let data = SampleData::new(seed);
    for number in 0..workers {
        let mut visitor = Visitor {
            address: address.clone(),
            sink: sink.to_owned(),
            group: seed % GROUPS,
            number,
            workers,
            data: data.clone(),
            counts: Arc::clone(&counts),
            rng: Rng::with_seed(seed ^ number << 32),
        };
        // A worker that leaves without a shutdown is dropped with the runtime of its place, and
        // with everything in flight.
        std::thread::spawn(move || {
            loop {
                let runtime = Builder::new_current_thread().enable_all().build();
                match runtime {
                    Ok(runtime) => runtime.block_on(visitor.visit()),
                    Err(error) => visitor.error(kind("runtime", &error)),
                }
            }
        });
    }
    gate.say("");
    loop {
        gate.word().await?;
        let said = serde_json::to_string(&*lock(&counts))?;
        gate.say(said);
    }
}

fn lock(counts: &Mutex<ChurnCounts>) -> MutexGuard<'_, ChurnCounts> {
    counts.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The function of a place. `group` identifies the process; the replacement of a killed process has
/// the same one.
fn function(group: u64, number: u64) -> String {
    format!("siege::churn::{group}::{number}")
}

/// One place, at which one worker after the other comes and goes.
struct Visitor {
    address: Address,
    sink: String,
    group: u64,
    number: u64,
    workers: u64,
    data: SampleData,
    counts: Arc<Mutex<ChurnCounts>>,
    rng: Rng,
}

impl Visitor {
    async fn visit(&mut self) {
        let connecting = Worker::builder(self.address.clone()).call_timeout(PATIENCE);
        let worker = match connecting.connect().await {
            Ok(worker) => worker,
            Err(error) => return self.error(kind("connect", &error)),
        };
        lock(&self.counts).visits += 1;
        let registered =
            worker.register_function(function(self.group, self.number), async |text: String| text);
        if let Err(error) = registered {
            return self.error(kind("register", &error));
        }
        for _ in 0..self.rng.u8(1..5) {
            let (group, number) = (self.rng.u64(..GROUPS), self.rng.u64(..self.workers));
            let id = function(group, number);
            match worker.call::<String>(&id, "ball").await {
                Ok(_) => lock(&self.counts).answered += 1,
                Err(error) => self.error(kind("call", &error)),
            }
        }
        if self.rng.bool() {
            self.stream(&worker).await;
        }
        if self.rng.bool() {
            lock(&self.counts).polite += 1;
            if let Err(error) = worker.shutdown().await {
                self.error(kind("shutdown", &error));
            }
        }
    }

    /// Writes a stream, and sometimes disconnects in the middle of it.
    async fn stream(&mut self, worker: &Worker) {
        let data = self.data.stream(&mut self.rng);
        let leaves = self.rng.u8(..3) == 0;
        let patience = Duration::from_millis(self.rng.u64(1..50));
        let streamed = {
            let streaming = upload(worker, &self.sink, data, &mut self.rng);
            if leaves {
                timeout(patience, streaming).await.ok()
            } else {
                Some(streaming.await)
            }
        };
        match streamed {
            Some(Ok(_)) => lock(&self.counts).streams += 1,
            Some(Err(error)) => self.error(error),
            None => lock(&self.counts).left += 1,
        }
    }

    fn error(&self, error: String) {
        *lock(&self.counts).errors.entry(error).or_default() += 1;
    }
}
