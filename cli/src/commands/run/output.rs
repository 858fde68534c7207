use std::fs::TryLockError;
use std::io;
use std::path::{Path, PathBuf};

use tokio::fs::File;
use tokio::io::AsyncWriteExt;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::stdout;

/// The output of a run.
pub(super) struct Output {
    writer: Writer,
    /// Its name in messages.
    name: String,
}

enum Writer {
    /// A file handle, because the standard library's handle buffers incomplete lines.
    Standard(File),
    /// A file that gets its name when it is complete.
    Whole {
        file: File,
        part: PathBuf,
        path: PathBuf,
    },
    /// A device or a named pipe, written directly.
    Direct(File),
}

impl Output {
    /// Opens a file for writing, or standard output if absent or `-`.
    ///
    /// The file is written as `FILE.part` and renamed in [`finish`](Self::finish); an existing file
    /// is kept until then.
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

    /// The temporary file, for another writer.
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

    /// Waits until everything is written, then renames the file.
    pub(super) async fn finish(&mut self) -> io::Result<()> {
        self.file().flush().await?;
        if let Writer::Whole { file, part, path } = &self.writer {
            // The name must not reach the disk before the content.
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

    /// The failure of a write.
    pub(super) fn failure(&self, error: &io::Error) -> Failure {
        let exit = match error.kind() {
            io::ErrorKind::BrokenPipe => Exit::OutputClosed,
            _ => Exit::Failure,
        };
        Failure::new(exit, format!("cannot write {}: {error}", self.name))
    }

    /// Adds the location of the partial output to a failure.
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
    let file = lock(&part).await?;
    file.set_len(0)?;
    Ok(Writer::Whole {
        file: File::from_std(file),
        part,
        path: path.to_owned(),
    })
}

/// Opens and locks a temporary file: two runs into one file would be mixed up.
async fn lock(part: &Path) -> io::Result<std::fs::File> {
    loop {
        let mut options = File::options();
        let file = options.write(true).create(true).truncate(false);
        let file = file.open(part).await?.into_std().await;
        match file.try_lock() {
            // Another run may have renamed it in the meantime, so that it is no longer a partial
            // file.
            Ok(()) if is_at(&file, part) => return Ok(file),
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let reason = format!("another run is writing {}", part.display());
                return Err(io::Error::new(io::ErrorKind::ResourceBusy, reason));
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}

/// Whether the open file is the one at `path`.
#[cfg(unix)]
fn is_at(file: &std::fs::File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;

    let place = |about: std::fs::Metadata| (about.dev(), about.ino());
    let open = file.metadata().map(place).ok();
    open.is_some() && open == std::fs::metadata(path).map(place).ok()
}

/// On other systems, an open file is not renamed.
#[cfg(not(unix))]
fn is_at(_: &std::fs::File, _: &Path) -> bool {
    true
}

#[cfg(all(test, unix))]
mod tests {
    use super::is_at;

    #[test]
    fn renamed_file_is_no_longer_a_part() {
        let directory = tempfile::tempdir().unwrap();
        let (part, whole) = (
            directory.path().join("part"),
            directory.path().join("whole"),
        );
        let file = std::fs::File::create(&part).unwrap();
        assert!(is_at(&file, &part));
        std::fs::rename(&part, &whole).unwrap();
        assert!(!is_at(&file, &part));
        std::fs::write(&part, "of another run").unwrap();
        assert!(!is_at(&file, &part));
        assert!(is_at(&file, &whole));
    }
}
