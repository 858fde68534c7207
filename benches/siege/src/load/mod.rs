//! The load run.
//!
//! | file | contents |
//! |---|---|
//! | `counts` | the counts of the roles |
//! | `idle` | channels that are open and idle |
//! | `churn` | workers that come and go, and processes that are killed |
//! | `samples` | memory and descriptors of the engine during the run |
//! | `outcome` | the results |

mod churn;
mod counts;
mod idle;
mod outcome;
mod samples;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
pub(crate) use churn::CHURN_PROCESSES;
pub(crate) use counts::{ChurnCounts, SinkCounts, SourceCounts};
use pipewright_bench_roles::{Process, allow_descriptors};

use self::churn::Churn;
use self::idle::{Idle, Plan};
use self::outcome::Outcome;
use self::samples::Samples;
use crate::engine::EngineProcess;
use crate::options::LoadOptions;

/// Numbers of processes of sources and of sinks: neither should be the bottleneck.
const PAIRS: usize = 2;
/// Sampling interval of the engine.
const LOOKS: f64 = 240.0;
/// How long the engine may take to free everything.
const FREED: Duration = Duration::from_mins(2);
/// Channels that a killed worker has created and no one has opened expire after this many seconds,
/// so that the run can wait for it; sooner if the whole run is short.
const TTL: [u64; 2] = [60, 5];

pub(crate) fn run(options: &LoadOptions) -> Result<()> {
    // Both ends of each stream; workers and their streams; the rest of the engine.
    let needed = 2 * options.active + 4 * options.workers + 200;
    let spare = allow_descriptors()?.saturating_sub(needed);
    let ttl = format!("channel-ttl={}", TTL[usize::from(options.minutes < 1.0)]);
    let plan = Plan::new(options.idle, spare)?;
    let (open, within) = (plan.open, plan.within);
    let mut engine = EngineProcess::start(&[&ttl, &plan.flag()])?;
    let url = engine.url.clone();
    let before = engine.held()?;
    let idle = Idle::open(plan, &url)?;

    let churn_sink = role(&["load-sinks", &url, "churn"])?;
    let mut pairs = Vec::new();
    for number in 0..PAIRS {
        let name = number.to_string();
        let sink = role(&["load-sinks", &url, &name])?;
        let places = (options.active / PAIRS).to_string();
        let seed = options.seed.wrapping_add(number as u64).to_string();
        let source = role(&["load-sources", &url, &name, &places, &seed])?;
        pairs.push((source, sink));
    }
    let mut churn = Churn::start(&url, options.workers, options.seed)?;

    let (begun, lasts) = (
        Instant::now(),
        Duration::from_secs_f64(options.minutes * 60.0),
    );
    let mut samples = Samples::default();
    while begun.elapsed() < lasts {
        std::thread::sleep(lasts.div_f64(LOOKS));
        samples.look(&engine)?;
        churn.kill_now_and_then(begun.elapsed())?;
    }
    let churned = churn.stop()?;
    let (mut sources, mut sinks) = (SourceCounts::default(), SinkCounts::default());
    for (mut source, mut sink) in pairs {
        sources.add(ask(&mut source)?);
        source.finish()?;
        sinks.add(ask(&mut sink)?);
    }
    let mut churn_sink = churn_sink;
    let left: SinkCounts = ask(&mut churn_sink)?;
    drop(churn_sink);
    let answered = idle.close(&mut engine)?;
    let freed = engine.settled(FREED, |held| {
        let holdings = held.holdings;
        holdings.workers == before.holdings.workers
            && holdings.functions == 0
            && holdings.calls == 0
            && holdings.channels == 0
            && held.descriptors <= before.descriptors
    })?;
    let outcome = Outcome {
        minutes: options.minutes,
        seed: options.seed,
        active: options.active,
        workers: options.workers,
        idle: open,
        idle_within: within,
        idle_answered: answered,
        sources,
        sinks,
        churned,
        churn_streams: left,
        resident_mib: samples.resident_mib(),
        descriptors: samples.descriptors(),
        freed_ms: freed.as_millis(),
        log_lines: engine.holdings()?.log_lines,
    };
    outcome.print();
    if let Some(path) = &options.json {
        let json = serde_json::to_string_pretty(&outcome)? + "\n";
        std::fs::write(path, json).with_context(|| format!("cannot write {}", path.display()))?;
    }
    println!("{}", outcome.line());
    if !outcome.is_met() {
        bail!("the load run failed");
    }
    Ok(())
}

/// A process that runs a role and is ready.
fn role(words: &[&str]) -> Result<Process> {
    let process = Process::role(words)?;
    process.line()?;
    Ok(process)
}

/// The counts of a role.
fn ask<T: serde::de::DeserializeOwned>(process: &mut Process) -> Result<T> {
    process.go()?;
    Ok(serde_json::from_str(&process.line()?)?)
}
