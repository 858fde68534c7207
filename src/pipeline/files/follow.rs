use std::fs::Metadata;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use futures::{Stream, StreamExt, stream};
use tokio::fs::{File, metadata};
use tokio::io::AsyncReadExt;
use tokio::time::sleep;

use super::cutter::{LineCutter, LongLines, MAX_LINE};
use super::lines::Chunk;
use crate::error::{Error, Result};

/// Default polling interval of the file.
const INTERVAL: Duration = Duration::from_millis(250);

/// Number of bytes per read.
const READ: usize = 64 << 10;

/// The lines of a growing file, across rotation, as `tail -F` outputs them; see
/// [`Pipeline::read_lines`](crate::Pipeline::read_lines).
///
/// The source does not end by itself; [`Run::drain`](crate::Run::drain) ends it. When another file
/// appears under the name, the source reads the rest of the old file, and then the new one from its
/// start. A file that has become shorter is read from its start. If the file does not exist, the
/// source waits for it. Two kinds of data are lost: what is written to a rotated file after the new
/// file was found, and a file that is replaced twice within an interval.
#[derive(Clone, Debug)]
pub struct FollowFile {
    path: PathBuf,
    interval: Duration,
    from_end: bool,
    max_line: usize,
    long_lines: LongLines,
}

impl FollowFile {
    /// Follows a file from its start.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            interval: INTERVAL,
            from_end: false,
            max_line: MAX_LINE,
            long_lines: LongLines::Fail,
        }
    }

    /// Starts at the current end of the file when the run starts.
    #[must_use]
    pub fn from_end(self) -> Self {
        Self {
            from_end: true,
            ..self
        }
    }

    /// Sets the polling interval of the file; default: 250 ms.
    #[must_use]
    pub fn interval(self, interval: Duration) -> Self {
        Self { interval, ..self }
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

    /// Reads the file. Nothing is opened before the stream is polled.
    pub(super) fn read(self) -> impl Stream<Item = Result<Chunk>> + Send + 'static {
        let following = Following {
            cutter: LineCutter::new(self.max_line, self.long_lines),
            bytes: vec![0; READ],
            chunk: Chunk::default(),
            file: None,
            skip: self.from_end,
            settings: self,
        };
        stream::unfold(Some(following), async |following| {
            let mut following = following?;
            let error = following.fill().await.err();
            let chunk = following.take_chunk();
            let error = error.map(|error| {
                let path = following.settings.path.display();
                Err(Error::msg(format_args!("{path}: {error:#}")))
            });
            // The lines before the error come first.
            let chunks = [chunk.map(Ok), error];
            let following = chunks[1].is_none().then_some(following);
            Some((stream::iter(chunks.into_iter().flatten()), following))
        })
        .flatten()
    }
}

struct Following {
    settings: FollowFile,
    cutter: LineCutter,
    /// The buffer for reads.
    bytes: Vec<u8>,
    /// Lines that were read and not yet returned.
    chunk: Chunk,
    file: Option<Followed>,
    /// Whether to start at the end of the first file.
    skip: bool,
}

struct Followed {
    file: File,
    id: FileId,
    /// Number of bytes read.
    read: u64,
    /// Whether another file now has the name. This file then ends where its data ends.
    is_replaced: bool,
}

/// Distinguishes a file from another one with the same name.
#[cfg(unix)]
type FileId = (u64, u64);
/// On other systems, only a shorter file is recognised as another one.
#[cfg(not(unix))]
type FileId = ();

#[cfg(unix)]
fn id(metadata: &Metadata) -> FileId {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}

#[cfg(not(unix))]
fn id(_: &Metadata) -> FileId {}

impl Following {
    /// Reads until there are further lines.
    async fn fill(&mut self) -> Result<()> {
        loop {
            let len = self.read().await?;
            if len > 0 {
                self.cutter
                    .push(&self.bytes[..len], &mut self.chunk.lines)?;
            } else if self.file.as_ref().is_some_and(|file| file.is_replaced) {
                self.cutter.end(&mut self.chunk.lines)?;
                self.file = None;
            } else if !self.look_for_successor().await? {
                sleep(self.settings.interval).await;
            }
            self.chunk.skipped += self.cutter.take_skipped();
            if !self.chunk.is_empty() {
                return Ok(());
            }
        }
    }

    fn take_chunk(&mut self) -> Option<Chunk> {
        self.chunk.skipped += self.cutter.take_skipped();
        let chunk = std::mem::take(&mut self.chunk);
        (!chunk.is_empty()).then_some(chunk)
    }

    /// Reads from the file, and opens it first if necessary. Returns 0 at its current end, or if
    /// there is no file.
    async fn read(&mut self) -> Result<usize> {
        if self.file.is_none() {
            self.file = self.open().await?;
        }
        let Some(followed) = &mut self.file else {
            return Ok(0);
        };
        let len = followed.file.read(&mut self.bytes).await?;
        followed.read += len as u64;
        Ok(len)
    }

    async fn open(&mut self) -> Result<Option<Followed>> {
        let skip = std::mem::take(&mut self.skip);
        let mut file = match File::open(&self.settings.path).await {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let id = id(&file.metadata().await?);
        let read = if skip {
            tokio::io::AsyncSeekExt::seek(&mut file, io::SeekFrom::End(0)).await?
        } else {
            0
        };
        Ok(Some(Followed {
            file,
            id,
            read,
            is_replaced: false,
        }))
    }

    /// Checks whether another file has the name, or the file has become shorter. Data written
    /// before that is read first.
    async fn look_for_successor(&mut self) -> Result<bool> {
        let Some(followed) = &mut self.file else {
            return Ok(false);
        };
        followed.is_replaced = match metadata(&self.settings.path).await {
            Ok(now) => id(&now) != followed.id || now.len() < followed.read,
            // Between the two steps of a rotation, the name does not exist.
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => return Err(error.into()),
        };
        Ok(followed.is_replaced)
    }
}
