//! A Python stage and a TypeScript stage between two Rust ones.
//!
//! ```console
//! $ examples/polyglot/run
//! ```
//!
//! Rust sends readings in Fahrenheit, Python converts them to Celsius, TypeScript describes them in
//! words, and Rust checks the result. The stages use the packages `pipewright-streams` and
//! `pipewright`, so every stream is verified:
//!
//! ```text
//! py::celsius, ts::weather: 10000 items, complete, verified
//! ```
//!
//! `docs/guide/other-languages.md` describes both packages, and stages on the plain SDKs.

use std::process::{ExitCode, Stdio};

use pipewright::Engine;
use pipewright::prelude::*;
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::mpsc;

const READINGS: u64 = 10_000;

#[derive(Serialize, Deserialize)]
struct Fahrenheit {
    city: String,
    fahrenheit: f64,
}

#[derive(Serialize, Deserialize)]
struct Celsius {
    city: String,
    celsius: f64,
}

#[derive(Serialize, Deserialize)]
struct Weather {
    city: String,
    weather: String,
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let programs: Vec<String> = std::env::args().skip(1).collect();
    if programs.is_empty() {
        eprintln!(
            "the stages of the other languages are missing\nhint: start examples/polyglot/run"
        );
        return Ok(ExitCode::FAILURE);
    }
    let engine = Engine::builder().listen("127.0.0.1:0").start().await?;
    let worker = Worker::connect(engine.address()).await?;
    let _stages = start_stages(&engine, &worker, &programs).await?;

    run(&worker, ["py::celsius", "ts::weather"]).await?;
    Ok(ExitCode::SUCCESS)
}

/// A program with stages. It ends when its standard input closes.
struct Program {
    child: Child,
    _stdin: Option<ChildStdin>,
}

/// Starts the programs and waits until each has registered its stages.
async fn start_stages(
    engine: &Engine,
    worker: &Worker,
    programs: &[String],
) -> Result<Vec<Program>> {
    let (ready, mut started) = mpsc::channel(programs.len());
    worker.register_function("polyglot::ready", move |language: String| {
        let ready = ready.clone();
        async move { ready.send(language).await.is_ok() }
    })?;
    let url = engine.url().map(ToString::to_string).unwrap_or_default();
    let mut running = Vec::new();
    for program in programs {
        let (program, script) = program
            .rsplit_once(' ')
            .ok_or_else(|| Error::msg("a program and its script"))?;
        let mut child = Command::new(program)
            .arg(script)
            .env("III_URL", &url)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        // Taken out of the process, because waiting for the process would close it.
        let stdin = child.stdin.take();
        running.push(Program {
            child,
            _stdin: stdin,
        });
    }
    for program in &mut running {
        tokio::select! {
            _ = started.recv() => {}
            status = program.child.wait() => return Err(Error::msg(format!("a stage ended: {}", status?))),
        }
    }
    Ok(running)
}

/// Runs the pipeline through two stages in other languages and prints a result line.
async fn run(worker: &Worker, [python, typescript]: [&str; 2]) -> Result<()> {
    let mut run = Pipeline::from_iter((0..READINGS).map(reading))
        .then(remote::<Fahrenheit, Celsius>(python))
        .then(remote::<Celsius, Weather>(typescript))
        .start(worker)
        .await?;
    let mut number = 0;
    while let Some(weather) = run.next().await {
        check(number, &weather?)?;
        number += 1;
    }
    let report = run.report().await?;
    if report.items != READINGS || report.verified != Some(true) {
        let message = format!("expected {READINGS} verified items:\n{report}");
        return Err(Error::msg(message));
    }
    println!(
        "{python}, {typescript}: {} items, complete, verified",
        report.items
    );
    Ok(())
}

fn reading(number: u64) -> Fahrenheit {
    Fahrenheit {
        city: format!("city {number}"),
        fahrenheit: fahrenheit(number),
    }
}

/// Checks that every city has its weather, in the order of the readings.
fn check(number: u64, Weather { city, weather }: &Weather) -> Result<()> {
    let expected = match fahrenheit(number) {
        ..50.0 => "cold",
        ..77.0 => "mild",
        _ => "hot",
    };
    if *city != format!("city {number}") || weather != expected {
        let message = format!("{weather} for {city}, expected {expected}");
        return Err(Error::msg(message));
    }
    Ok(())
}

/// Whole degrees, away from the rounding boundaries.
fn fahrenheit(number: u64) -> f64 {
    f64::from(u32::try_from(number % 100).unwrap_or_default())
}
