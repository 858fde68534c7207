//! Counts the words of files with three workers: one reads, one finds the words, one counts.
//!
//! ```console
//! $ cargo run --release --example word_count [PATH]...
//! ```
//!
//! Without a path it reads the Rust sources of this repository. It prints the most frequent words,
//! then what went through each channel; every stream must end as `complete, verified`:
//!
//! ```text
//!    count  word
//!    4,385  self
//!    ...
//!
//! channel                    bytes       lines   files  verdict
//! reader -> splitter     1,108,085      32,747     283  complete, verified
//! splitter -> counter      771,745     136,918     283  complete, verified
//!
//! 0.03 s, 56.13 MiB/s
//! ```

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use pipewright::{
    ChannelReader, ChannelWriter, Frame, Invocation, Result, StreamChannelRef, Worker,
};
use serde::{Deserialize, Serialize};
use tokio::fs::File;
use tokio::io::AsyncBufReadExt;

/// How many words the table shows.
const SHOWN: usize = 12;

/// The functions answer when all files are through, which may take longer than most calls.
const PATIENCE: Duration = Duration::from_secs(3600);

// What the functions take and give. The ends of channels travel as refs, like any other value.

#[derive(Serialize, Deserialize)]
struct ReadFiles {
    paths: Vec<PathBuf>,
    writer_ref: StreamChannelRef,
}

#[derive(Serialize, Deserialize)]
struct SplitWords {
    reader_ref: StreamChannelRef,
    writer_ref: StreamChannelRef,
}

#[derive(Serialize, Deserialize)]
struct CountWords {
    reader_ref: StreamChannelRef,
}

#[derive(Serialize, Deserialize)]
struct Counts {
    words: Vec<(u64, String)>,
    received: Figures,
}

/// What came out of a channel.
#[derive(Serialize, Deserialize)]
struct Figures {
    bytes: u64,
    lines: u64,
    files: u64,
    verdict: String,
}

impl Figures {
    fn of(reader: &ChannelReader, lines: u64) -> Self {
        let report = reader.report();
        let verdict = match report.verdict {
            Some(verdict) if verdict.is_verified() => "complete, verified".to_owned(),
            other => format!("{other:?}"),
        };
        Self {
            bytes: report.bytes,
            lines,
            files: report.messages,
            verdict,
        }
    }
}

/// The producer. Each file is announced by a message; its bytes follow.
async fn read_files(job: ReadFiles, invocation: Invocation) -> Result<()> {
    let mut writer = ChannelWriter::new(invocation.worker().address(), &job.writer_ref);
    for path in job.paths {
        writer.send_message(path.to_string_lossy().as_ref()).await?;
        tokio::io::copy(&mut File::open(path).await?, &mut writer).await?;
    }
    writer.close().await?;
    Ok(())
}

/// The transform: text in, one word a line out. A message keeps its place among the data.
async fn split_words(job: SplitWords, invocation: Invocation) -> Result<Figures> {
    let address = invocation.worker().address();
    let mut reader = ChannelReader::new(address, &job.reader_ref);
    let mut writer = ChannelWriter::new(address, &job.writer_ref);
    let mut lines = 0;
    // The borders of frames mean nothing, so a word may go on in the next one.
    let mut word = Vec::new();
    while let Some(frame) = reader.next_frame().await? {
        let mut words = Vec::new();
        match &frame {
            Frame::Message(_) => end_word(&mut word, &mut words),
            Frame::Data(bytes) => {
                for &byte in bytes {
                    lines += u64::from(byte == b'\n');
                    if byte.is_ascii_alphanumeric() || !byte.is_ascii() {
                        word.push(byte.to_ascii_lowercase());
                    } else {
                        end_word(&mut word, &mut words);
                    }
                }
            }
        }
        writer.write(words).await?;
        if matches!(frame, Frame::Message(_)) {
            writer.send_frame(frame).await?;
        }
    }
    let mut words = Vec::new();
    end_word(&mut word, &mut words);
    writer.write(words).await?;
    writer.close().await?;
    Ok(Figures::of(&reader, lines))
}

fn end_word(word: &mut Vec<u8>, words: &mut Vec<u8>) {
    if !word.is_empty() {
        words.append(word);
        words.push(b'\n');
    }
}

/// The consumer. A channel's reader is an `AsyncBufRead`, so `lines` is at hand.
async fn count_words(job: CountWords, invocation: Invocation) -> Result<Counts> {
    let reader = ChannelReader::new(invocation.worker().address(), &job.reader_ref);
    let mut counts: HashMap<String, u64> = HashMap::new();
    let mut found = reader.into_read().lines();
    let mut lines = 0;
    while let Some(word) = found.next_line().await? {
        lines += 1;
        *counts.entry(word).or_default() += 1;
    }
    let mut words: Vec<_> = counts
        .into_iter()
        .map(|(word, count)| (count, word))
        .collect();
    words.sort_unstable_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    words.truncate(SHOWN);
    let received = Figures::of(found.get_ref().get_ref(), lines);
    Ok(Counts { words, received })
}

#[tokio::main]
async fn main() -> Result<()> {
    // One of the three brings the engine; the others find it by its address. With
    // `Worker::connect("ws://..")` they could run on three machines.
    let reader = Worker::embedded().await?;
    let splitter = Worker::builder(reader.address().clone()).connect().await?;
    let counter = Worker::builder(reader.address().clone()).connect().await?;
    reader.register_function("files::read", read_files)?;
    splitter.register_function("words::split", split_words)?;
    counter.register_function("words::count", count_words)?;

    let paths = paths()?;
    let begin = Instant::now();
    // An engine takes what a worker sends in order: once a worker has a channel, its functions are
    // registered. Nothing else acknowledges them.
    let (text, words) =
        tokio::try_join!(splitter.create_channel(None), counter.create_channel(None))?;
    let read = ReadFiles {
        paths,
        writer_ref: text.writer_ref,
    };
    let split = SplitWords {
        reader_ref: text.reader_ref,
        writer_ref: words.writer_ref,
    };
    let count = CountWords {
        reader_ref: words.reader_ref,
    };
    let ((), text, counts): (_, Figures, Counts) = tokio::try_join!(
        reader
            .trigger("files::read", &read)
            .timeout(PATIENCE)
            .call(),
        reader
            .trigger("words::split", &split)
            .timeout(PATIENCE)
            .call(),
        reader
            .trigger("words::count", &count)
            .timeout(PATIENCE)
            .call(),
    )?;
    print(&text, &counts, begin.elapsed().as_secs_f64());
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

fn print(text: &Figures, counts: &Counts, seconds: f64) {
    println!("{:>8}  word", "count");
    for (count, word) in &counts.words {
        println!("{:>8}  {word}", grouped(*count));
    }
    println!(
        "\n{:<19} {:>12} {:>11} {:>7}  verdict",
        "channel", "bytes", "lines", "files"
    );
    for (channel, figures) in [
        ("reader -> splitter", text),
        ("splitter -> counter", &counts.received),
    ] {
        println!(
            "{channel:<19} {:>12} {:>11} {:>7}  {}",
            grouped(figures.bytes),
            grouped(figures.lines),
            grouped(figures.files),
            figures.verdict
        );
    }
    #[expect(clippy::cast_precision_loss, reason = "for people")]
    let mebibytes = (text.bytes + counts.received.bytes) as f64 / f64::from(1 << 20);
    println!("\n{seconds:.2} s, {:.2} MiB/s", mebibytes / seconds);
}

/// A number with a comma before each group of three digits.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
