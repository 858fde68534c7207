use std::io;
use std::path::{Path, PathBuf};

use tokio::fs::File;
use tokio::io::AsyncWriteExt;

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::stdout;

/// Where a run writes.
pub(super) struct Output {
    writer: Writer,
    /// As messages name it.
    name: String,
}

enum Writer {
    /// As a file, because the handle of the standard library keeps what has no line end yet.
    Standard(File),
    /// A file that gets its name when it is whole.
    Whole {
        file: File,
        part: PathBuf,
        path: PathBuf,
    },
    /// A device or a named pipe, written as it is.
    Direct(File),
}

impl Output {
    /// Opens a file for writing, or standard output without one or for `-`.
    ///
    /// A file is written beside its place, as `FILE.part`, and gets its name in
    /// [`finish`](Self::finish): what stood in its place stays until then.
    pub(super) async fn open(path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path.filter(|path| path.as_os_str() != "-") else {
            return Ok(Self {
                writer: Writer::Standard(File::from_std(stdout::file()?)),
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

    /// The file that is written until the run is complete, for somebody else to write it.
    pub(super) fn place(&self, path: &Path) -> PathBuf {
        match &self.writer {
            Writer::Whole { part, .. } => part.clone(),
            Writer::Standard(_) | Writer::Direct(_) => path.to_owned(),
        }
    }

    pub(super) fn is_standard(&self) -> bool {
        matches!(self.writer, Writer::Standard(_))
    }

    /// Writes everything.
    pub(super) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file().write_all(bytes).await
    }

    /// Waits until everything is written; then the file gets its name.
    pub(super) async fn finish(&mut self) -> io::Result<()> {
        self.file().flush().await?;
        if let Writer::Whole { file, part, path } = &self.writer {
            // A name must not be on the disk before its content is.
            file.sync_all().await?;
            tokio::fs::rename(part, path).await?;
        }
        Ok(())
    }

    fn file(&mut self) -> &mut File {
        match &mut self.writer {
            Writer::Standard(file) | Writer::Whole { file, .. } | Writer::Direct(file) => file,
        }
    }

    /// Why nothing more can be written.
    pub(super) fn failure(&self, error: &io::Error) -> Failure {
        let exit = match error.kind() {
            io::ErrorKind::BrokenPipe => Exit::OutputClosed,
            _ => Exit::Failure,
        };
        Failure::new(exit, format!("cannot write {}: {error}", self.name))
    }

    /// Says where the part is that was written before a run failed.
    pub(super) fn explain(&self, failure: Failure) -> Failure {
        match &self.writer {
            Writer::Whole { part, path, .. } => failure.note(format!(
                "{} is as it was; what had arrived is in {}",
                path.display(),
                part.display()
            )),
            Writer::Standard(_) | Writer::Direct(_) => failure,
        }
    }
}

async fn open(path: &Path) -> io::Result<Writer> {
    match tokio::fs::metadata(path).await {
        Ok(about) if about.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
        Ok(about) if !about.is_file() => {
            let file = File::options().write(true).open(path).await?;
            return Ok(Writer::Direct(file));
        }
        _ => {}
    }
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let file = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&part)
        .await?
        .into_std()
        .await;
    // Two runs into one file would be mixed up.
    file.try_lock().map_err(|error| match error {
        std::fs::TryLockError::WouldBlock => {
            let reason = format!("another run is writing {}", part.display());
            io::Error::new(io::ErrorKind::ResourceBusy, reason)
        }
        std::fs::TryLockError::Error(error) => error,
    })?;
    file.set_len(0)?;
    Ok(Writer::Whole {
        file: File::from_std(file),
        part,
        path: path.to_owned(),
    })
}
