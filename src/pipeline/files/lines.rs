use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use futures::{Stream, StreamExt, stream};
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::cutter::{LineCutter, LongLines, MAX_LINE};
use super::open::open;
use crate::error::{Error, Result};

/// The lines of files, one file after the other; see
/// [`Pipeline::read_lines`](crate::Pipeline::read_lines).
///
/// A file whose name ends in `.gz` is decompressed, including all of its members. So is a `.zst`
/// file, with the feature `zstd`. A truncated file is an error. Lines end with LF or CRLF and must
/// be UTF-8.
///
/// Files are read on a blocking thread, at most 192 KiB ahead, or one line if that is longer.
#[derive(Clone, Debug)]
pub struct FileLines {
    paths: Vec<PathBuf>,
    max_line: usize,
    long_lines: LongLines,
}

impl FileLines {
    /// The lines of one file.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self::of([path])
    }

    /// The lines of several files, in this order.
    pub fn of<P: Into<PathBuf>>(paths: impl IntoIterator<Item = P>) -> Self {
        Self {
            paths: paths.into_iter().map(Into::into).collect(),
            max_line: MAX_LINE,
            long_lines: LongLines::Fail,
        }
    }

    /// The lines of the files that match a pattern such as `logs/**/*.ndjson.gz`, in alphabetical
    /// order of their paths. The pattern is resolved immediately.
    ///
    /// # Errors
    ///
    /// Fails if the pattern is invalid, if a folder cannot be read, or if no file matches.
    pub fn glob(pattern: &str) -> Result<Self> {
        let mut paths = Vec::new();
        for path in glob::glob(pattern)? {
            let path = path?;
            if path.is_file() {
                paths.push(path);
            }
        }
        if paths.is_empty() {
            return Err(Error::msg(format_args!("no file matches `{pattern}`")));
        }
        Ok(Self::of(paths))
    }

    /// Sets the maximum length of a line in bytes, without its line end; default: 1 MiB.
    #[must_use]
    pub fn max_line(self, bytes: usize) -> Self {
        Self {
            max_line: bytes,
            ..self
        }
    }

    /// Sets how longer lines are handled; by default, they fail the run.
    #[must_use]
    pub fn long_lines(self, policy: LongLines) -> Self {
        Self {
            long_lines: policy,
            ..self
        }
    }

    /// The files, in order.
    pub fn paths(&self) -> &[PathBuf] {
        &self.paths
    }

    /// Reads the files. Nothing is opened before the stream is polled.
    pub(super) fn read(self) -> impl Stream<Item = Result<Chunk>> + Send + 'static {
        stream::once(async move { self.start() }).flat_map(|started| match started {
            Ok(chunks) => stream::unfold(chunks, async |mut chunks| {
                Some((chunks.recv().await?, chunks))
            })
            .left_stream(),
            Err(error) => stream::once(async { Err(error) }).right_stream(),
        })
    }

    /// Starts the reading thread. It ends when the receiver is dropped.
    fn start(self) -> Result<mpsc::Receiver<Result<Chunk>>> {
        let runtime = Handle::try_current()?;
        let (send, chunks) = mpsc::channel(AHEAD);
        runtime.spawn_blocking(move || {
            let mut reading = Reading {
                cutter: LineCutter::new(self.max_line, self.long_lines),
                chunk: Chunk::default(),
                send,
            };
            for path in &self.paths {
                if let Err(error) = reading.read(path) {
                    // The lines before the error are sent first. A dropped receiver needs no error.
                    let _ = reading.flush();
                    let error = format!("{}: {error:#}", path.display());
                    let _ = reading.send.blocking_send(Err(Error::msg(error)));
                    return;
                }
            }
        });
        Ok(chunks)
    }
}

/// Number of bytes per read. The lines of one read form a [`Chunk`].
const READ: usize = 64 << 10;

/// Number of chunks that may be queued.
const AHEAD: usize = 1;

/// Lines that were read together.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    pub(super) lines: Vec<String>,
    /// Number of omitted lines.
    pub(super) skipped: u64,
}

impl Chunk {
    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.skipped == 0
    }
}

struct Reading {
    cutter: LineCutter,
    chunk: Chunk,
    send: mpsc::Sender<Result<Chunk>>,
}

impl Reading {
    fn read(&mut self, path: &Path) -> Result<()> {
        let mut input = open(path)?;
        let mut bytes = vec![0; READ];
        loop {
            let len = match input.read(&mut bytes) {
                Ok(0) => break,
                Ok(len) => len,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error.into()),
            };
            self.cutter.push(&bytes[..len], &mut self.chunk.lines)?;
            self.flush()?;
        }
        self.cutter.end(&mut self.chunk.lines)?;
        self.flush()
    }

    fn flush(&mut self) -> Result<()> {
        let mut chunk = std::mem::take(&mut self.chunk);
        chunk.skipped = self.cutter.take_skipped();
        if chunk.is_empty() {
            return Ok(());
        }
        let sent = self.send.blocking_send(Ok(chunk));
        sent.map_err(|_| Error::msg("the lines are not read any more"))
    }
}
