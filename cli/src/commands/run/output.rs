use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use tokio::fs::File;
use tokio::io::AsyncWriteExt;

use super::destination::{Destination, destination};
use super::whole_file::WholeFile;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::stdio::Stdout;

/// The output of a run.
pub(super) struct Output {
    writer: Writer,
    /// Its name in messages.
    name: String,
}

enum Writer {
    /// Standard output or standard error.
    Standard(Stdout),
    /// A file that gets its name only when it is complete.
    Whole(WholeFile),
    /// A device, a named pipe or an open file, written directly.
    Direct(File),
}

impl Output {
    /// Opens a file for writing, or standard output if absent or `-`.
    ///
    /// The file is written as `FILE.part` and renamed in [`finish`](Self::finish); an existing file
    /// is kept until then.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub(super) async fn open(path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path.filter(|path| path.as_os_str() != "-") else {
            return Ok(Self {
                writer: Writer::Standard(Stdout::new()?),
                name: "standard output".to_owned(),
            });
        };
        let name = path.display().to_string();
        match open(path).await {
            Ok(writer) => Ok(Self { writer, name }),
            Err(error) => {
                let message = format!("cannot write {name}: {error}");
                Err(Failure::new(Exit::Usage, message))
            }
        }
    }

    /// The temporary file, for another writer.
    pub(super) fn place(&self, path: &Path) -> PathBuf {
        match &self.writer {
            Writer::Whole(file) => file.part().to_owned(),
            Writer::Standard(_) | Writer::Direct(_) => path.to_owned(),
        }
    }

    pub(super) fn is_standard(&self) -> bool {
        matches!(self.writer, Writer::Standard(_))
    }

    /// Writes everything.
    pub(super) async fn write(&mut self, bytes: Bytes) -> io::Result<()> {
        match &mut self.writer {
            Writer::Standard(stdout) => stdout.write(bytes).await,
            Writer::Whole(whole) => whole.file().write_all(&bytes).await,
            Writer::Direct(file) => file.write_all(&bytes).await,
        }
    }

    /// Waits until everything is written, then renames the file.
    pub(super) async fn finish(&mut self) -> io::Result<()> {
        match &mut self.writer {
            Writer::Standard(_) => Ok(()),
            Writer::Whole(whole) => whole.finish().await,
            Writer::Direct(file) => file.flush().await,
        }
    }

    /// The failure of a write.
    pub(super) fn failure(&self, error: &io::Error) -> Failure {
        let exit = match error.kind() {
            io::ErrorKind::BrokenPipe => Exit::OutputClosed,
            _ => Exit::Failure,
        };
        Failure::new(exit, format!("cannot write {}: {error}", self.name))
    }

    /// Adds the location of the partial output to a failure, if there is any.
    pub(super) fn explain(&self, failure: Failure) -> Failure {
        match &self.writer {
            Writer::Whole(whole) if !whole.is_empty() => failure.note(format!(
                "{} is unchanged; the output that had arrived is in {}",
                self.name,
                whole.part().display()
            )),
            _ => failure,
        }
    }
}

async fn open(path: &Path) -> io::Result<Writer> {
    let path = path.to_owned();
    let opened = tokio::task::spawn_blocking(move || match destination(&path)? {
        Destination::Stdout => Ok(Writer::Standard(Stdout::new()?)),
        Destination::Stderr => Ok(Writer::Standard(Stdout::stderr()?)),
        Destination::Direct(path) => {
            // Appending keeps what another program has written to an open file.
            let file = std::fs::File::options().append(true).open(path)?;
            Ok(Writer::Direct(File::from_std(file)))
        }
        Destination::File(path) => Ok(Writer::Whole(WholeFile::create(path)?)),
    });
    opened.await?
}
