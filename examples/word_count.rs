//! Counts the words of files with three workers: one reads, one splits, one counts.
//!
//! ```console
//! $ cargo run --release --example word_count [PATH]...
//! ```
//!
//! Without a path it reads the Rust sources of this repository. It prints the most frequent words,
//! then what each stage did and whether every stream was verified:
//!
//! ```text
//!    count  word
//!     5297  self
//!     ...
//!
//! stage             items in    items out       bytes in      bytes out  wait in wait out     work
//! files::read              0        47846              0        1712889       0%       0%     100%
//! words::split         47846       199168        1712889        1511444      79%       0%      21%
//! words::count        199168           12        1511444            288      90%       0%      10%
//! 12 items in 0.248 s, complete, verified; bottleneck: files::read
//! ```

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use pipewright::prelude::*;
use tokio::fs::File;
use tokio::io::{AsyncBufReadExt, BufReader};

/// Number of words in the table.
const SHOWN: usize = 12;

/// The producer: the lines of files.
#[pipeline_stage(id = "files::read")]
async fn read(mut lines: Sender<String>, params: Vec<PathBuf>) -> Result<()> {
    for path in params {
        let mut file = BufReader::new(File::open(path).await?).split(b'\n');
        while let Some(line) = file.next_segment().await? {
            let line = String::from_utf8_lossy(&line).into_owned();
            lines.send(line).await?;
        }
    }
    Ok(())
}

/// The transform: several words for a line.
#[pipeline_stage(id = "words::split")]
fn split(line: String) -> Vec<String> {
    line.split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

#[derive(Serialize, Deserialize)]
struct Count {
    word: String,
    n: u64,
}

/// The consumer of all words. It sends its result at the end.
#[pipeline_stage(id = "words::count")]
async fn count(mut words: Receiver<String>, mut counts: Sender<Count>) -> Result<()> {
    let mut found: HashMap<String, u64> = HashMap::new();
    while let Some(word) = words.recv().await? {
        *found.entry(word).or_default() += 1;
    }
    let mut found: Vec<_> = found.into_iter().collect();
    found.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    for (word, n) in found.into_iter().take(SHOWN) {
        counts.send(Count { word, n }).await?;
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<()> {
    // One of the three brings the engine; the others find it by its address. With
    // `Worker::connect("ws://..")` they could run on three machines.
    let reader = Worker::embedded().await?;
    let splitter = Worker::connect(reader.address().clone()).await?;
    let counter = Worker::connect(reader.address().clone()).await?;
    splitter.register(split())?;
    counter.register(count())?;
    splitter.registered().await?;
    counter.registered().await?;

    // `remote` leaves the stage to the worker that has it; the compiler still compares the types.
    let mut run = Pipeline::produce(read.with_params(paths()?))
        .then(split.remote())
        .then(count.remote())
        .start(&reader)
        .await?;
    println!("{:>8}  word", "count");
    while let Some(count) = run.next().await {
        let Count { word, n } = count?;
        println!("{n:>8}  {word}");
    }
    println!("\n{}", run.report().await?);
    Ok(())
}

/// The files below the arguments, or the Rust sources of this repository.
fn paths() -> Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    let mut arguments = std::env::args_os().skip(1).peekable();
    if arguments.peek().is_some() {
        for argument in arguments {
            collect(Path::new(&argument), &mut paths, |_| true)?;
        }
    } else {
        for place in ["src", "macros/src", "examples", "tests"] {
            let place = Path::new(env!("CARGO_MANIFEST_DIR")).join(place);
            collect(&place, &mut paths, |path| {
                path.extension().is_some_and(|extension| extension == "rs")
            })?;
        }
    }
    paths.sort_unstable();
    Ok(paths)
}

fn collect(path: &Path, paths: &mut Vec<PathBuf>, wanted: fn(&Path) -> bool) -> Result<()> {
    if path.is_dir() {
        for entry in path.read_dir()? {
            collect(&entry?.path(), paths, wanted)?;
        }
    } else if wanted(path) {
        paths.push(path.to_owned());
    }
    Ok(())
}
