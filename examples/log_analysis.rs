//! Counts failed requests by path in web server access logs. Files that end in `.gz` are
//! decompressed.
//!
//! ```console
//! $ cargo run --example log_analysis -- examples/data/access.log.1.gz examples/data/access.log
//! requests  errors      bytes  path
//!       25      10     116447  /api/orders/export
//!       35       8     100865  /login
//!      167       6     733540  /
//!      100       4     455546  /api/orders
//!      133       4     604960  /docs/guide
//!       90       2     388146  /static/app.js
//! ```
//!
//! Lines that are not requests are printed to standard error. A damaged file is an error, not a
//! short table.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use async_compression::tokio::bufread::GzipDecoder;
use bytes::BytesMut;
use futures::{Stream, TryStreamExt, stream};
use pipewright::prelude::*;
use tokio::fs::File;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio_util::codec::{FramedRead, LinesCodec};
use tokio_util::io::StreamReader;

/// A longer line is not a log line: it ends the run instead of filling the memory.
const LONGEST: usize = 64 * 1024;

/// The lines of a file, as they are read.
#[pipeline_stage(id = "log::lines")]
fn lines(path: PathBuf) -> impl Stream<Item = Result<String>> {
    let open = async move {
        let file = BufReader::new(File::open(&path).await?);
        let packed = path.extension().is_some_and(|extension| extension == "gz");
        let file: Box<dyn AsyncRead + Send + Unpin> = if packed {
            Box::new(unpacked(file))
        } else {
            Box::new(file)
        };
        let lines = FramedRead::new(file, LinesCodec::new_with_max_length(LONGEST));
        Ok::<_, Error>(lines.map_err(Error::from))
    };
    stream::once(open).try_flatten()
}

/// The content of a gzip file. Logs that were compressed piece by piece have several members, and
/// zeros may fill the last block of a tape.
fn unpacked(file: BufReader<File>) -> impl AsyncRead + Send + Unpin {
    let pieces = stream::try_unfold(GzipDecoder::new(file), async |mut member| {
        loop {
            let mut piece = BytesMut::with_capacity(LONGEST);
            if member.read_buf(&mut piece).await? > 0 {
                return Ok::<_, io::Error>(Some((piece, member)));
            }
            let mut file = member.into_inner();
            if !has_member(&mut file).await? {
                return Ok(None);
            }
            member = GzipDecoder::new(file);
        }
    });
    StreamReader::new(Box::pin(pieces))
}

/// Whether another member follows. Anything but zeros in its place is damage.
async fn has_member(file: &mut BufReader<File>) -> io::Result<bool> {
    loop {
        let bytes = file.fill_buf().await?;
        let (len, rest) = (bytes.len(), bytes.iter().find(|byte| **byte != 0));
        match rest {
            None if len == 0 => return Ok(false),
            None => file.consume(len),
            Some(0x1f) if bytes[0] == 0x1f => return Ok(true),
            Some(_) => return Err(io::Error::other("trailing bytes after the compressed data")),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Request {
    path: String,
    status: u16,
    bytes: u64,
}

/// Parses a line of the common log format. Other lines are reported as messages and skipped.
#[pipeline_stage(id = "log::parse")]
fn parse(line: String, context: &StageContext) -> Option<Request> {
    let request = request(&line);
    if request.is_none() {
        context.send_message(format!("not a request: {line}"));
    }
    request
}

fn request(line: &str) -> Option<Request> {
    let mut quoted = line.split('"');
    let path = quoted.nth(1)?.split(' ').nth(1)?.to_owned();
    let mut rest = quoted.next()?.split_whitespace();
    Some(Request {
        path,
        status: rest.next()?.parse().ok()?,
        bytes: match rest.next()? {
            "-" => 0,
            bytes => bytes.parse().ok()?,
        },
    })
}

#[derive(Default, Serialize, Deserialize)]
struct Summary {
    path: String,
    requests: u64,
    errors: u64,
    bytes: u64,
}

/// Counts by path, and sends the paths with the most errors first.
#[pipeline_stage(id = "log::sum")]
async fn sum(mut requests: Receiver<Request>, mut sums: Sender<Summary>) -> Result<()> {
    let mut paths: BTreeMap<String, Summary> = BTreeMap::new();
    while let Some(Request {
        path,
        status,
        bytes,
    }) = requests.recv().await?
    {
        let sum = paths.entry(path).or_default();
        sum.requests += 1;
        sum.errors += u64::from(status >= 400);
        sum.bytes += bytes;
    }
    let mut paths: Vec<_> = paths.into_iter().collect();
    paths.sort_by_key(|(_, sum)| std::cmp::Reverse(sum.errors));
    for (path, sum) in paths {
        sums.send(Summary { path, ..sum }).await?;
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<()> {
    let files: Vec<_> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let worker = Worker::embedded().await?;
    let mut run = Pipeline::from_iter(files)
        .then(lines)
        .then(parse)
        .then(sum)
        .start(&worker)
        .await?;
    println!("requests  errors      bytes  path");
    while let Some(event) = run.next_event().await {
        match event? {
            Event::Item(sum) => println!(
                "{:>8} {:>7} {:>10}  {}",
                sum.requests, sum.errors, sum.bytes, sum.path
            ),
            Event::Message(text) => eprintln!("{text}"),
            _ => {}
        }
    }
    Ok(())
}
