use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::exit::Exit;
use crate::failure::Failure;

/// The file with the engine's URL. It belongs to the engine that wrote it, but another engine may
/// replace it, and anyone may remove it, at any time.
pub(crate) struct ReadyFile {
    path: PathBuf,
    /// The temporary file. It is renamed when it is complete, so that no reader sees a part of it.
    part: PathBuf,
    file: File,
}

impl ReadyFile {
    /// Checks that the file can be written, before the engine starts.
    pub(crate) fn prepare(path: PathBuf) -> Result<Self, Failure> {
        let mut part = path.clone().into_os_string();
        part.push(format!(".{}.part", std::process::id()));
        let part = PathBuf::from(part);
        let failed = |error| cannot("write", &path, &error);
        // An earlier process with the same id may have left it. Links are never followed.
        match fs::remove_file(&part) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        let file = OpenOptions::new().write(true).create_new(true).open(&part);
        let file = file.map_err(failed)?;
        Ok(Self { path, part, file })
    }

    /// Writes the file.
    pub(crate) fn publish(mut self, content: &str) -> Result<Published, Failure> {
        let written = self
            .file
            .write_all(content.as_bytes())
            .and_then(|()| fs::rename(&self.part, &self.path));
        match written {
            Ok(()) => Ok(Published {
                path: std::mem::take(&mut self.path),
                file: self.file.try_clone()?,
                content: content.to_owned(),
            }),
            Err(error) => Err(cannot("write", &self.path, &error)),
        }
    }
}

impl Drop for ReadyFile {
    fn drop(&mut self) {
        // The file no longer exists under this name if it was renamed. Otherwise the engine has not
        // started, which is reported elsewhere.
        let _ = fs::remove_file(&self.part);
    }
}

/// A [`ReadyFile`] that was written.
pub(crate) struct Published {
    path: PathBuf,
    /// Kept open so that its identity cannot be reused by another file.
    file: File,
    content: String,
}

impl Published {
    /// Removes the file, unless another file has replaced it.
    pub(crate) fn remove(self) -> Result<(), Failure> {
        let removed = match self.is_there() {
            Ok(true) => fs::remove_file(&self.path),
            Ok(false) => Ok(()),
            Err(error) => Err(error),
        };
        match removed {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(cannot("remove", &self.path, &error))
            }
            _ => Ok(()),
        }
    }

    #[cfg(unix)]
    fn is_there(&self) -> io::Result<bool> {
        use std::os::unix::fs::MetadataExt;

        let (own, there) = (self.file.metadata()?, fs::symlink_metadata(&self.path)?);
        let same = (own.dev(), own.ino()) == (there.dev(), there.ino());
        // Another program may have overwritten it in place.
        Ok(same && fs::read_to_string(&self.path)? == self.content)
    }

    #[cfg(not(unix))]
    fn is_there(&self) -> io::Result<bool> {
        self.file.metadata()?;
        Ok(fs::read_to_string(&self.path)? == self.content)
    }
}

fn cannot(what: &str, path: &Path, error: &io::Error) -> Failure {
    let told = format!("cannot {what} the ready file {}: {error}", path.display());
    Failure::new(Exit::Usage, told).hint("name a file in a folder that this user may write to")
}
