//! `docs/observability.md` and the exported metrics agree, in both directions.

use pipewright::Worker;

use super::engine::scrape;
use super::exposition::Exposition;
use crate::engine::engine;

const DOCUMENT: &str = include_str!("../../../docs/observability.md");

/// Name and type of the documented metrics that start with `prefix`.
fn documented(prefix: &str) -> Vec<(String, String)> {
    let rows = DOCUMENT.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| `")?.split(" | ");
        let name = cells.next()?.strip_suffix('`')?;
        let kind = cells.next()?.split(' ').next()?;
        name.starts_with(prefix)
            .then(|| (name.to_owned(), kind.to_owned()))
    });
    rows.collect()
}

#[tokio::test]
async fn worker_metrics_match_their_documentation() {
    let engine = engine().await;
    let worker = Worker::connect(engine.address()).await.unwrap();
    let told = told(Exposition::parse(&worker.metrics().to_string()));
    assert_eq!(told, documented("pipewright_worker_"));
    assert!(told.len() > 7);
}

fn told(metrics: Exposition) -> Vec<(String, String)> {
    metrics.families
}

#[tokio::test]
async fn engine_metrics_match_their_documentation() {
    let engine = engine().await;
    let told = told(scrape(&engine).await);
    assert_eq!(told, documented("pipewright_engine_"));
    assert!(told.len() > 15);
}
