//! A stage on streams: it receives and sends freely.
//!
//! ```console
//! $ cargo run --example stage_stream
//! be 2
//! to 2
//! not 1
//! or 1
//! ```

use std::collections::HashMap;

use pipewright::prelude::*;

#[derive(Serialize, Deserialize)]
struct Count {
    word: String,
    n: u64,
}

/// Counts words and sends the counts at the end of the input. Returning `Ok` closes the output; an
/// error aborts it.
#[pipeline_stage]
async fn count(mut words: Receiver<String>, mut counts: Sender<Count>) -> Result<()> {
    let mut found: HashMap<String, u64> = HashMap::new();
    while let Some(word) = words.recv().await? {
        *found.entry(word).or_default() += 1;
    }
    let mut found: Vec<_> = found.into_iter().collect();
    found.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    for (word, n) in found {
        counts.send(Count { word, n }).await?;
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<()> {
    let worker = Worker::embedded().await?;
    let words = "to be or not to be".split(' ').map(String::from);
    // Here every edge is a channel; `run_local` would return the same.
    let mut run = Pipeline::from_iter(words)
        .then(count)
        .start(&worker)
        .await?;
    while let Some(count) = run.next().await {
        let Count { word, n } = count?;
        println!("{word} {n}");
    }
    Ok(())
}
