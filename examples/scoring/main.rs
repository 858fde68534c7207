//! Reviews are sent from Rust to a model in Python, and come back as scores.
//!
//! ```console
//! $ examples/scoring/run
//!   1  0.99  I love it, great and fast
//!   2  0.25  slow, but ok
//!   3  0.08  arrived broken
//! 10000 reviews scored, complete, verified
//! ```
//!
//! The Python stage is `score.py`, on the package `pipewright-streams`.

use std::process::{ExitCode, Stdio};

use pipewright::Engine;
use pipewright::prelude::*;
use tokio::process::{Child, Command};
use tokio::sync::mpsc;

const REVIEWS: usize = 10_000;

/// The reviews that are printed.
const TEXTS: [&str; 3] = [
    "I love it, great and fast",
    "slow, but ok",
    "arrived broken",
];

#[derive(Clone, Serialize, Deserialize)]
struct Review {
    id: usize,
    text: String,
}

#[derive(Serialize, Deserialize)]
struct Score {
    id: usize,
    score: f64,
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [python, script] = arguments.as_slice() else {
        eprintln!("the stage in Python is missing\nhint: start examples/scoring/run");
        return Ok(ExitCode::FAILURE);
    };
    // A worker of another process needs an address.
    let engine = Engine::builder().listen("127.0.0.1:0").start().await?;
    let worker = Worker::connect(engine.address()).await?;
    let url = engine.url().map(ToString::to_string).unwrap_or_default();
    let _model = start_model(&worker, python, script, &url).await?;

    let reviews: Vec<_> = TEXTS.iter().cycle().zip(1..=REVIEWS).map(review).collect();
    let mut run = Pipeline::from_iter(reviews.clone())
        .then(remote::<Review, Score>("model::score"))
        .start(&worker)
        .await?;
    while let Some(score) = run.next().await {
        let Score { id, score } = score?;
        if id <= TEXTS.len() {
            println!("{id:>3}  {score:.2}  {}", reviews[id - 1].text);
        }
    }
    let report = run.report().await?;
    let verdict = match report.verified {
        Some(true) => "verified",
        _ => "unverified",
    };
    println!("{} reviews scored, complete, {verdict}", report.items);
    Ok(ExitCode::SUCCESS)
}

fn review((text, id): (&&str, usize)) -> Review {
    Review {
        id,
        text: (*text).to_owned(),
    }
}

/// Starts the process and waits until it has registered its stage. It ends when its standard input
/// closes, with this process.
async fn start_model(worker: &Worker, python: &str, script: &str, url: &str) -> Result<Child> {
    let (ready, mut started) = mpsc::channel(1);
    worker.register_function("scoring::ready", move |_: serde_json::Value| {
        let ready = ready.clone();
        async move { ready.send(()).await.is_ok() }
    })?;
    let mut child = Command::new(python)
        .arg(script)
        .env("III_URL", url)
        .stdin(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    // Waiting for the process would close its standard input.
    let stdin = child.stdin.take();
    let ended = tokio::select! {
        _ = started.recv() => None,
        status = child.wait() => Some(status?),
    };
    child.stdin = stdin;
    match ended {
        None => Ok(child),
        Some(status) => Err(Error::msg(format!("the model ended: {status}"))),
    }
}
