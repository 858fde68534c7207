//! Random pipelines, fused and over channels, compared with a model.
//!
//! `PIPEWRIGHT_SEED` is the first seed, `PIPEWRIGHT_SEEDS` the number of seeds.

mod foreign;
mod judge;
mod model;
mod part;
mod stages;

use std::collections::BTreeMap;
use std::time::Duration;

use pipewright::{Channel, DeadLetter, Engine, Error, RunReport, Worker};
use tokio::runtime::Runtime;
use tokio::time::{sleep, timeout};

use self::foreign::FOREIGN;
use self::judge::{Got, Owner, PATIENCE, drive, items, judge};
use self::model::{End, Model};
use self::part::{Origin, PARTS, Part};
use self::stages::{add, begin, register};
use super::ran::LONG;

fn totals(report: &RunReport) -> BTreeMap<String, [u64; 3]> {
    let mut all: BTreeMap<String, [u64; 3]> = BTreeMap::new();
    // A function without pipewright reports what it likes; here, nothing.
    for stage in report.stages.iter().filter(|one| one.stage != FOREIGN) {
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
    owner: Owner,
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
    // Waits before each attempt would add up.
    let quick = origin == Origin::Ready && !parts.contains(&Part::Retry);
    let most = if narrow && quick { most * 20 } else { most };
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
    let mut owner = match random.usize(0..8) {
        0 => Owner::Cancels(random.usize(0..=len)),
        1 => Owner::Drops(random.usize(0..=len)),
        2 => Owner::LongDeadline,
        3 => Owner::ShortDeadline,
        _ => Owner::Waits,
    };
    let endless = model(origin, &parts);
    if origin == Origin::Endless && endless.end == End::Never {
        if ordered {
            // It outputs more than the model knows of.
            owner = Owner::Cancels(random.usize(0..=endless.items.len().min(300)));
        } else {
            // Any of its items may come first.
            origin = Origin::Ready;
        }
    }
    let model = model(origin, &parts);
    Case {
        origin,
        items,
        parts,
        model,
        narrow,
        owner,
    }
}

/// Whether messages and totals depend on how far the parts before have read when it leaves its
/// input.
fn leaves_early(part: Part) -> bool {
    matches!(
        part,
        Part::First | Part::Leave | Part::BroadcastFirst | Part::Tee | Part::SumsFail | Part::Zip
    )
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
    let mut completed = Vec::new();
    let ordered = case.parts.iter().all(|part| part.keeps_positions());
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
        let mut pipeline = parts.fold(source, |pipe, part| add(pipe, *part, &mut letters));
        if let Some(deadline) = case.owner.deadline() {
            pipeline = pipeline.deadline(deadline);
        }
        let (mut outputs, got) = if way == "fused" {
            drive(pipeline.run_local_with(&worker), &case.model, case.owner).await
        } else {
            drive(
                pipeline.start(&worker).await.unwrap(),
                &case.model,
                case.owner,
            )
            .await
        };
        let items = items(&outputs);
        if let Some(wrong) = judge(&case.model, &case.parts, case.owner, items.clone(), &got) {
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
            if !ordered {
                outputs.sort_unstable();
            }
            completed.push((outputs, totals(&report), dead));
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
    if let [fused, over_channels] = &completed[..]
        && !case.parts.iter().copied().any(leaves_early)
        && fused != over_channels
    {
        let differs = match (&fused.0, &over_channels.0) {
            (one, other) if one == other => "totals",
            _ => "messages",
        };
        found.push(format!(
            "the {differs} differ: fused {fused:?}, over channels {over_channels:?}"
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
                owner,
                ..
            } = &case;
            println!("seed {seed}: {origin:?} {items:?} through {parts:?}, owner {owner:?}");
            for one in &found {
                println!("    {one}");
            }
        }
    }
    assert_eq!(wrong, 0, "of {seeds} pipelines");
}
