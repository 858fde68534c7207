//! Injects every fault into every part of a pipeline, round by round. Either the data arrives
//! correctly, or there is an error whose first cause is the injected fault.
//!
//! ```console
//! $ cargo run --release --example fault_matrix -- --rounds 1000 --seed 1
//! ```
//!
//! In each round, a pipeline runs through a producer, a stage and a consumer, each in a process of
//! its own, and through an engine in a fourth process. At a moment derived from the seed, one of the
//! four is killed, stopped, disconnected or slowed down, or its bytes are corrupted. At the end, the
//! consumer's result is compared with what was sent. A round that hangs counts as silent. The first
//! cause of a failed run is compared with what was struck; see `Scenario::is_cause`. Unix only.
//!
//! On a shared machine with two cores, `--at-once 8` gave this result:
//!
//! ```text
//! 102 s; 858 struck before the end; 0 errors where everything should have arrived; 470 first causes compared
//! 1000 rounds, 479 complete, 521 reported errors, 0 wrong causes, 0 silent
//! ```
//!
//! The counts depend on the machine, except for the last two: a fault occurs after a number of
//! bytes, and the timing of the processes varies.
//!
//! Consecutive seeds cover all combinations in 180 rounds. `--rounds 1 --seed SEED` repeats the
//! round of a seed. `--at-once N` runs N rounds concurrently.

mod content;
mod harm;
mod outcome;
mod part;
mod patience;
mod process;
mod round;
mod scenario;
mod stages;
mod worker;

use std::process::ExitCode;
use std::time::Instant;

use futures::{StreamExt, stream};
use pipewright::{Error, Result};

use outcome::Outcome;
use part::Part;
use round::Round;
use scenario::Scenario;

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(part) = arguments.first().and_then(|first| Part::of_role(first)) {
        match (part, arguments.get(1)) {
            (Part::Engine, _) => worker::engine().await?,
            (part, Some(url)) => worker::worker(part, url).await?,
            (_, None) => return Err(Error::msg("a worker needs the URL of its engine")),
        }
        return Ok(ExitCode::SUCCESS);
    }
    matrix(&Settings::read(&arguments)?).await
}

/// The settings from the command line.
struct Settings {
    rounds: u64,
    seed: u64,
    at_once: usize,
}

impl Settings {
    fn read(arguments: &[String]) -> Result<Self> {
        let mut settings = Self {
            rounds: 180,
            seed: 1,
            at_once: 4,
        };
        for pair in arguments.chunks(2) {
            let number = |pair: &[String]| {
                let number = pair.get(1).and_then(|number| number.parse().ok());
                number.ok_or_else(|| Error::msg(format!("`{}` needs a number", pair[0])))
            };
            match pair[0].as_str() {
                "--rounds" => settings.rounds = number(pair)?,
                "--seed" => settings.seed = number(pair)?,
                "--at-once" => {
                    let at_once = usize::try_from(number(pair)?);
                    settings.at_once = at_once.unwrap_or(1).max(1);
                }
                other => return Err(Error::msg(format!("there is no option `{other}`"))),
            }
        }
        Ok(settings)
    }
}

async fn matrix(settings: &Settings) -> Result<ExitCode> {
    let begin = Instant::now();
    let seeds = stream::iter(0..settings.rounds).map(|n| settings.seed.wrapping_add(n));
    let mut rounds = seeds
        .map(async |seed| {
            let scenario = Scenario::of(seed);
            let begin = Instant::now();
            let (outcome, struck) = match Round::start(scenario).await {
                Ok(round) => round.run().await,
                Err(error) => (Outcome::Silent(format!("has not begun: {error:#}")), false),
            };
            (scenario, outcome, struck, begin.elapsed())
        })
        .buffer_unordered(settings.at_once);
    let (mut complete, mut reported, mut silent) = (0, 0, 0);
    let (mut in_time, mut needless, mut compared, mut wrong) = (0, 0, 0, 0);
    while let Some((scenario, outcome, struck, took)) = rounds.next().await {
        let took = took.as_millis();
        in_time += u64::from(struck);
        let said = match outcome {
            Outcome::Complete => {
                complete += 1;
                "complete".to_owned()
            }
            Outcome::Reported { reason, is_right } => {
                reported += 1;
                compared += u64::from(is_right.is_some());
                wrong += u64::from(is_right == Some(false));
                needless += u64::from(scenario.harm.is_harmless());
                let kind = match is_right {
                    Some(false) => "WRONG CAUSE",
                    _ => "error",
                };
                format!("{kind}: {reason}")
            }
            Outcome::Silent(reason) => {
                silent += 1;
                format!("SILENT: {reason}")
            }
        };
        let when = if struck { "" } else { "not " };
        println!("{scenario:?}, {when}struck, {took} ms: {said}");
    }
    let took = begin.elapsed().as_secs();
    println!(
        "{took} s; {in_time} struck before the end; {needless} errors where everything should have \
         arrived; {compared} first causes compared"
    );
    println!(
        "{} rounds, {complete} complete, {reported} reported errors, {wrong} wrong causes, {silent} silent",
        settings.rounds
    );
    Ok(if silent + wrong == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
