use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use pipewright::{Address, Worker};
use pipewright_bench_roles::Gate;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::attacks::Probed;

/// A function that returns its argument.
const ECHO: &str = "siege::echo";

/// Interval between new workers.
const NEWCOMER: Duration = Duration::from_millis(25);

/// A new worker that is not served within this time has failed.
const PATIENCE: Duration = Duration::from_secs(5);

/// The data that a new worker writes and reads.
const PARCEL: usize = 16 << 10;

/// Calls a function repeatedly, and connects new workers, each of which creates a channel, writes
/// and reads it, and leaves. On each command it prints the results since the previous one.
pub(super) async fn probe(mut gate: Gate, url: &str) -> Result<()> {
    let address: Address = url.parse()?;
    let (callee, caller) = tokio::try_join!(
        Worker::connect(address.clone()),
        Worker::connect(address.clone())
    )?;
    callee.register_function(ECHO, async |text: String| text)?;
    callee.registered().await?;
    let figures = Arc::new(Mutex::new(Figures::default()));
    tokio::spawn(call(caller, Arc::clone(&figures)));
    tokio::spawn(newcomers(address, Arc::clone(&figures)));
    gate.say("");
    loop {
        gate.word().await?;
        let said = std::mem::take(&mut *lock(&figures)).said();
        gate.say(serde_json::to_string(&said)?);
    }
}

/// The results since the last command.
#[derive(Default)]
struct Figures {
    calls: Vec<Duration>,
    newcomers: Vec<Duration>,
    failed: usize,
    reason: Option<String>,
}

fn lock(figures: &Mutex<Figures>) -> std::sync::MutexGuard<'_, Figures> {
    figures.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn call(caller: Worker, figures: Arc<Mutex<Figures>>) {
    loop {
        let begun = Instant::now();
        let answered = caller.call::<String>(ECHO, "ball").await;
        let mut figures = lock(&figures);
        match answered {
            Ok(_) => figures.calls.push(begun.elapsed()),
            Err(error) => {
                figures.failed += 1;
                figures.reason = Some(format!("a call: {error}"));
            }
        }
    }
}

async fn newcomers(address: Address, figures: Arc<Mutex<Figures>>) {
    let mut clock = interval(NEWCOMER);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        clock.tick().await;
        let begun = Instant::now();
        let served = match timeout(PATIENCE, visit(&address)).await {
            Ok(served) => served,
            Err(_) => Err(anyhow::anyhow!("not served within {PATIENCE:?}")),
        };
        let mut figures = lock(&figures);
        match served {
            Ok(()) => figures.newcomers.push(begun.elapsed()),
            Err(error) => {
                figures.failed += 1;
                figures.reason = Some(format!("a newcomer: {error:#}"));
            }
        }
    }
}

async fn visit(address: &Address) -> Result<()> {
    let worker = Worker::connect(address.clone()).await?;
    let mut channel = worker.create_channel(None).await?;
    let write = async {
        channel.writer.write(vec![7; PARCEL]).await?;
        channel.writer.close().await
    };
    let (written, read) = tokio::join!(write, channel.reader.read_all());
    written?;
    ensure!(read?.len() == PARCEL, "the parcel is whole");
    Ok(worker.shutdown().await?)
}

impl Figures {
    fn said(mut self) -> Probed {
        self.calls.sort_unstable();
        self.newcomers.sort_unstable();
        let at = |times: &[Duration], percent: usize| {
            let time = times.get(times.len() * percent / 100);
            time.map(|time| time.as_secs_f64() * 1e3)
        };
        Probed {
            call_ms: at(&self.calls, 50),
            call_high_ms: at(&self.calls, 99),
            newcomers: self.newcomers.len(),
            newcomer_ms: at(&self.newcomers, 50),
            failed: self.failed,
            reason: self.reason,
        }
    }
}
