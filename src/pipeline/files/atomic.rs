use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use tempfile::{Builder, TempPath};
use tokio::fs::File;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::task::spawn_blocking;

use super::super::run::{Run, RunSource};
use super::super::run_report::RunReport;
use crate::error::Result;

/// A file that appears under its name only when it is complete.
///
/// It is written under a temporary name in the same folder. [`commit`](Self::commit) syncs it to
/// the disk and renames it, which replaces an existing file. If this value is dropped without a
/// commit, the temporary file is removed. In a consumer, commit after the input has ended with
/// `None`, which happens only for a complete stream.
///
/// # Example
///
/// ```
/// # #[cfg(feature = "macros")]
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> pipewright::Result<()> {
/// use pipewright::files::AtomicFile;
/// use pipewright::{Pipeline, Receiver, Result, StageExt, pipeline_stage};
/// use tokio::io::AsyncWriteExt;
///
/// #[pipeline_stage]
/// async fn save(mut lines: Receiver<String>, params: String) -> Result<()> {
///     let mut file = AtomicFile::create(params).await?;
///     while let Some(line) = lines.recv().await? {
///         file.write_all(format!("{line}\n").as_bytes()).await?;
///     }
///     file.commit().await?;
///     Ok(())
/// }
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("lines.txt");
/// let lines = ["one", "two"].map(String::from);
/// let saved = Pipeline::from_iter(lines).consume(save.with_params(&path));
/// saved.run_local().report().await?;
/// assert_eq!(std::fs::read_to_string(path)?, "one\ntwo\n");
/// # Ok(()) }
/// # #[cfg(not(feature = "macros"))]
/// # fn main() {}
/// ```
#[derive(Debug)]
pub struct AtomicFile {
    file: File,
    /// Removes the file when dropped.
    temporary: TempPath,
    path: PathBuf,
}

impl AtomicFile {
    /// Starts to write a file that will be named `path`.
    ///
    /// # Errors
    ///
    /// Fails if no file can be created in the folder of `path`.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves no file.
    pub async fn create(path: impl Into<PathBuf>) -> io::Result<Self> {
        let path = path.into();
        let folder = folder(&path).to_owned();
        let created = spawn_blocking(move || {
            let mut builder = Builder::new();
            builder.prefix(".pipewright-").suffix(".part");
            // The permissions of any new file: the mask of the process applies.
            #[cfg(unix)]
            builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
            builder.tempfile_in(folder)
        });
        let (file, temporary) = created.await??.into_parts();
        Ok(Self {
            file: File::from_std(file),
            temporary,
            path,
        })
    }

    /// The final name of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Syncs the file to the disk and gives it its name.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be written or renamed; then it is removed.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the file appears completely or not at all.
    pub async fn commit(self) -> io::Result<()> {
        let name = self.path.display().to_string();
        self.give_name()
            .await
            .map_err(|error| io::Error::new(error.kind(), format!("{name}: {error}")))
    }

    async fn give_name(mut self) -> io::Result<()> {
        self.file.flush().await?;
        self.file.sync_all().await?;
        let (temporary, path) = (self.temporary, self.path);
        let named = spawn_blocking(move || {
            temporary.persist(&path).map_err(|error| error.error)?;
            // The directory entry must also survive a power failure.
            #[cfg(unix)]
            std::fs::File::open(folder(&path))?.sync_all()?;
            Ok(())
        });
        named.await?
    }
}

/// The folder of a file.
fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

impl AsyncWrite for AtomicFile {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.file).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.file).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.file).poll_shutdown(cx)
    }
}

impl<S: RunSource<Item = Bytes>> Run<S> {
    /// Writes all output to a file, which appears under its name only if the run is complete. It
    /// then replaces an existing file; otherwise that file stays unchanged. See [`AtomicFile`].
    ///
    /// # Errors
    ///
    /// Returns the [`RunError`](crate::RunError) of the run, or the error of the file, which cancels
    /// the run.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future cancels the run. The file appears completely or not at all.
    pub async fn save(self, path: impl Into<PathBuf>) -> Result<RunReport> {
        let mut file = AtomicFile::create(path).await?;
        let report = self.write_to(&mut file).await?;
        file.commit().await?;
        Ok(report)
    }
}
