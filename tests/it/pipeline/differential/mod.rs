//! Random pipelines, fused and over channels, compared with a model.
//!
//! `PIPEWRIGHT_SEED` is the first seed, `PIPEWRIGHT_SEEDS` the number of seeds.

mod model;
mod part;
mod stages;

use std::collections::BTreeMap;
use std::time::Duration;

use pipewright::pipeline::RunSource;
use pipewright::{Channel, DeadLetter, Engine, Error, Run, RunReport, Worker};
use tokio::runtime::Runtime;
use tokio::time::{sleep, timeout};

use self::model::{End, Model, sum};
use self::part::{Origin, PARTS, Part};
use self::stages::{add, begin, register};
use super::ran::LONG;

#[derive(Debug)]
enum Got {
    Complete(Box<RunReport>),
    Failed {
        stage: String,
        item: Option<u64>,
        text: String,
    },
    Never,
    Stuck,
}

const PATIENCE: Duration = Duration::from_secs(8);

async fn drive(mut run: Run<impl RunSource<Item = u64>>, model: &Model) -> (Vec<u64>, Got) {
    let mut items = Vec::new();
    loop {
        let all_there = model.end == End::Never && items.len() >= model.items.len();
        let patience = if all_there {
            Duration::from_millis(20)
        } else {
            PATIENCE
        };
        match timeout(patience, run.next()).await {
            Ok(Some(Ok(item))) => items.push(item),
            Ok(Some(Err(error))) => {
                let cause = error.first_cause();
                let stage = cause.stage.clone().unwrap_or_default();
                let (item, text) = (cause.item, format!("{error:#}"));
                return (items, Got::Failed { stage, item, text });
            }
            Ok(None) => match timeout(PATIENCE, run.report()).await {
                Ok(Ok(report)) => return (items, Got::Complete(Box::new(report))),
                Ok(Err(error)) => {
                    let text = format!("only the report tells: {error:#}");
                    return (
                        items,
                        Got::Failed {
                            stage: String::new(),
                            item: None,
                            text,
                        },
                    );
                }
                Err(_) => return (items, Got::Stuck),
            },
            Err(_) if all_there => {
                let cancelled = timeout(PATIENCE, run.cancel()).await;
                return (
                    items,
                    if cancelled.is_ok() {
                        Got::Never
                    } else {
                        Got::Stuck
                    },
                );
            }
            Err(_) => return (items, Got::Stuck),
        }
    }
}

/// Describes what is wrong with the result, if anything.
fn judge(model: &Model, parts: &[Part], mut items: Vec<u64>, got: &Got) -> Option<String> {
    let ordered = parts.iter().all(|part| part.keeps_order());
    let lossy = parts.iter().any(|part| part.loses_at_failure());
    let sums = parts.contains(&Part::OrderedSums);
    let mut expected = model.items.clone();
    if !ordered {
        items.sort_unstable();
        expected.sort_unstable();
    }
    let is_in = |all: &[(&str, Option<u64>)], stage: &str, item: Option<u64>| {
        all.iter()
            .any(|(name, at)| *name == stage && (lossy || at.is_none() || *at == item))
    };
    let ended = match (&model.end, got) {
        (End::Done, Got::Complete(report)) => {
            if report.items != items.len() as u64 {
                return Some(format!("the report tells of {} items", report.items));
            }
            true
        }
        (End::Never, Got::Never) => true,
        (End::Fails(all), Got::Failed { stage, item, .. }) => {
            if is_in(all, stage, *item) {
                true
            } else if is_in(&model.maybe, stage, *item) {
                return None;
            } else {
                false
            }
        }
        (_, Got::Failed { stage, item, .. }) => {
            if is_in(&model.maybe, stage, *item) {
                return None;
            }
            false
        }
        _ => false,
    };
    if !ended {
        return Some(format!(
            "should end as {:?} (or {:?})",
            model.end, model.maybe
        ));
    }
    let failed = matches!(got, Got::Failed { .. });
    let same = if failed && lossy {
        true
    } else if sums {
        model.end != End::Done || sum(&items) == sum(&expected)
    } else {
        items == expected
    };
    (!same).then(|| format!("should give {expected:?}"))
}

fn totals(report: &RunReport) -> BTreeMap<String, [u64; 3]> {
    let mut all: BTreeMap<String, [u64; 3]> = BTreeMap::new();
    for stage in &report.stages {
        let one = stage.report.clone().unwrap_or_default();
        let sum = all.entry(stage.stage.clone()).or_default();
        sum[0] += one.items_in;
        sum[1] += one.items_out;
        sum[2] += one.items_skipped;
    }
    all
}

struct Case {
    origin: Origin,
    items: Vec<u64>,
    parts: Vec<Part>,
    model: Model,
    /// Whether channels hold almost nothing.
    narrow: bool,
}

fn case(seed: u64) -> Case {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut ordered = true;
    let mut parts = Vec::new();
    for _ in 0..random.usize(0..6) {
        let part = PARTS[random.usize(..PARTS.len())];
        if ordered || !part.needs_order() {
            ordered &= part.keeps_order();
            parts.push(part);
            if part == Part::OrderedSums {
                break;
            }
        }
    }
    let origins = [
        Origin::Ready,
        Origin::Ready,
        Origin::Yielding,
        Origin::Slow,
        Origin::Idle,
        Origin::Idle,
        Origin::Failing,
        Origin::Endless,
        Origin::Producer,
    ];
    let mut origin = origins[random.usize(..origins.len())];
    let most = match (origin, random.usize(0..3)) {
        (Origin::Slow, _) => 12,
        (_, 0) => 4,
        (_, 1) => 40,
        _ => 300,
    };
    let narrow = seed % 4 == 3;
    let most = if narrow && origin == Origin::Ready {
        most * 20
    } else {
        most
    };
    let len = random.usize(0..=most);
    let items: Vec<_> = (0..len).map(|_| random.u64(0..60)).collect();
    let model = |origin, parts: &[Part]| {
        let (items, end) = match origin {
            Origin::Idle => (items.clone(), End::Never),
            Origin::Failing => (items.clone(), End::Fails(vec![("source", None)])),
            Origin::Endless => ((0..3000).collect(), End::Never),
            Origin::Producer => ((0..40).collect(), End::Done),
            _ => (items.clone(), End::Done),
        };
        let begin = Model {
            items,
            end,
            maybe: Vec::new(),
        };
        parts.iter().fold(begin, |model, part| model.through(*part))
    };
    let unknown = origin == Origin::Endless || parts.contains(&Part::OrderedSums);
    if unknown && model(origin, &parts).end == End::Never {
        origin = Origin::Ready;
    }
    // The number of sums before the end is unknown.
    if model(origin, &parts).end == End::Never {
        parts.retain(|part| *part != Part::OrderedSums);
    }
    let model = model(origin, &parts);
    Case {
        origin,
        items,
        parts,
        model,
        narrow,
    }
}

/// The differences found in one case.
async fn differences(case: &Case) -> Vec<String> {
    let mut engine = Engine::builder().in_process();
    if case.narrow {
        engine = engine.max_channel_bytes(256);
    }
    let engine = engine.start().await.unwrap();
    let worker = Worker::builder(engine.address()).connect().await.unwrap();
    register(&worker).await;
    let mut found = Vec::new();
    let mut reports = Vec::new();
    for way in ["fused", "over channels"] {
        let mut letters = Vec::new();
        let mut read = Vec::new();
        for _ in case.parts.iter().filter(|part| **part == Part::DeadFives) {
            let channel: Channel<DeadLetter> = worker.channel(None).await.unwrap();
            letters.push(channel.sender);
            let mut receiver = channel.receiver;
            read.push(tokio::spawn(async move {
                let mut count = 0;
                while receiver.recv().await?.is_some() {
                    count += 1;
                }
                Ok::<u64, Error>(count)
            }));
        }
        let source = begin(case.origin, &case.items);
        let parts = case.parts.iter();
        let pipeline = parts.fold(source, |pipe, part| add(pipe, *part, &mut letters));
        let (items, got) = if way == "fused" {
            drive(pipeline.run_local_with(&worker), &case.model).await
        } else {
            drive(pipeline.start(&worker).await.unwrap(), &case.model).await
        };
        if let Some(wrong) = judge(&case.model, &case.parts, items.clone(), &got) {
            let got = match got {
                Got::Complete(_) => "complete".to_owned(),
                Got::Failed { text, .. } => format!("failed: {text}"),
                other => format!("{other:?}"),
            };
            found.push(format!("{way}: gave {items:?}, {got}; {wrong}"));
            continue;
        }
        let mut dead = 0;
        for letters in read {
            match timeout(PATIENCE, letters).await {
                Ok(Ok(Ok(count))) => dead += count,
                other => found.push(format!("{way}: dead letters end as {other:?}")),
            }
        }
        if let Got::Complete(report) = got {
            reports.push((totals(&report), dead));
        }
        let quiet = async {
            while engine.stats().channels > 0 || engine.stats().calls > 0 {
                sleep(Duration::from_millis(1)).await;
            }
        };
        if timeout(PATIENCE, quiet).await.is_err() {
            found.push(format!("{way}: left behind {:?}", engine.stats()));
        }
    }
    let early = |part: &Part| {
        matches!(
            part,
            Part::First
                | Part::Leave
                | Part::BroadcastFirst
                | Part::Tee
                | Part::SumsFail
                | Part::Zip
        )
    };
    if let [local, far] = &reports[..]
        && !case.parts.iter().any(early)
        && !case.parts.contains(&Part::OrderedSums)
        && local != far
    {
        found.push(format!(
            "the reports differ: fused {local:?}, over channels {far:?}"
        ));
    }
    found
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

#[test]
fn random_pipelines_match_the_model_in_both_ways_to_run() {
    let (from, seeds) = (
        number("PIPEWRIGHT_SEED", 0),
        number("PIPEWRIGHT_SEEDS", 200),
    );
    let runtime = Runtime::new().unwrap();
    let mut wrong = 0;
    for seed in from..from + seeds {
        let case = case(seed);
        let found = runtime.block_on(async { timeout(LONG * 5, differences(&case)).await });
        let found = found.unwrap_or_else(|_| vec!["does not end at all".to_owned()]);
        if !found.is_empty() {
            wrong += 1;
            let Case {
                origin,
                items,
                parts,
                ..
            } = &case;
            println!("seed {seed}: {origin:?} {items:?} through {parts:?}");
            for one in &found {
                println!("    {one}");
            }
        }
    }
    assert_eq!(wrong, 0, "of {seeds} pipelines");
}
