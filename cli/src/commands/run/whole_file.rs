use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use tokio::io::AsyncWriteExt;
use tokio::task::spawn_blocking;

/// A file that is written as `FILE.part` and renamed when it is complete. Until then, an existing
/// file keeps its content; its mode and owner are preserved.
pub(super) struct WholeFile {
    file: tokio::fs::File,
    part: PathBuf,
    path: PathBuf,
    /// The existing file, open for writing.
    existing: Option<File>,
    /// Whether to copy the content into the existing file. This is needed if the file cannot be
    /// replaced because it has several names, or an owner that a new file cannot have.
    in_place: bool,
    is_finished: bool,
}

impl WholeFile {
    /// Creates the temporary file.
    ///
    /// # Errors
    ///
    /// If the file or the temporary file cannot be written, or if another run is writing it.
    pub(super) fn create(path: PathBuf) -> io::Result<Self> {
        let existing = match File::options().read(true).write(true).open(&path) {
            Ok(file) => Some(file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            // It may permit writing only.
            Err(_) => Some(File::options().write(true).open(&path)?),
        };
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        let file = create_part(&part, existing.is_some()).map_err(|error| {
            io::Error::new(error.kind(), format!("{}: {error}", part.display()))
        })?;
        let in_place = match &existing {
            Some(existing) => !adopt(&file, existing)?,
            None => false,
        };
        Ok(Self {
            file: tokio::fs::File::from_std(file),
            part,
            path,
            existing,
            in_place,
            is_finished: false,
        })
    }

    /// The temporary file.
    pub(super) fn file(&mut self) -> &mut tokio::fs::File {
        &mut self.file
    }

    /// The name of the temporary file.
    pub(super) fn part(&self) -> &Path {
        &self.part
    }

    /// Whether nothing was written.
    pub(super) fn is_empty(&self) -> bool {
        fs::symlink_metadata(&self.part).is_ok_and(|about| about.len() == 0)
    }

    /// Waits until everything is written, then renames the file.
    pub(super) async fn finish(&mut self) -> io::Result<()> {
        self.file.flush().await?;
        // The name must not reach the disk before the content.
        self.file.sync_all().await?;
        let file = self.file.try_clone().await?.into_std().await;
        let existing = self.existing.as_ref().map(File::try_clone).transpose()?;
        let (part, path, in_place) = (self.part.clone(), self.path.clone(), self.in_place);
        spawn_blocking(move || match existing {
            None => fs::rename(&part, &path),
            Some(existing) if in_place => copy_into(file, existing, &part),
            Some(existing) => match fs::rename(&part, &path) {
                // A mount point, for one, cannot be replaced.
                Err(error) if error.kind() == io::ErrorKind::ResourceBusy => {
                    copy_into(file, existing, &part)
                }
                renamed => renamed,
            },
        })
        .await??;
        self.is_finished = true;
        Ok(())
    }
}

impl Drop for WholeFile {
    /// Leaves no empty file behind.
    fn drop(&mut self) {
        if !self.is_finished && self.is_empty() {
            // It is unlinked while it is locked, so it is not that of another run.
            let _ = fs::remove_file(&self.part);
        }
    }
}

/// Writes the content of `file` into the existing file, and removes the temporary file.
fn copy_into(mut file: File, mut existing: File, part: &Path) -> io::Result<()> {
    file.seek(SeekFrom::Start(0))?;
    existing.set_len(0)?;
    io::copy(&mut file, &mut existing)?;
    existing.sync_all()?;
    fs::remove_file(part)
}

/// Creates and locks a temporary file, so that two runs cannot write to the same one. A link is
/// never followed, because it could lead to any file of this user.
fn create_part(part: &Path, private: bool) -> io::Result<File> {
    loop {
        match fs::symlink_metadata(part) {
            Ok(about) if about.is_file() => {}
            Ok(about) => {
                let kind = if about.is_symlink() {
                    "a symbolic link"
                } else {
                    "not a regular file"
                };
                let reason = format!("it is {kind}; remove it, or choose another output");
                return Err(io::Error::new(io::ErrorKind::AlreadyExists, reason));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                match create_new(part, private) {
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                    created => return created,
                }
            }
            Err(error) => return Err(error),
        }
        // An earlier run has left it. A new file has the right owner and mode.
        let old = no_follow(OpenOptions::new().write(true)).open(part)?;
        lock(&old)?;
        if is_at(&old, part) {
            fs::remove_file(part)?;
        }
    }
}

fn create_new(part: &Path, private: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    if private {
        // Until it has the mode of the existing file.
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    #[cfg(not(unix))]
    let _ = private;
    let file = options.open(part)?;
    lock(&file)?;
    Ok(file)
}

fn lock(file: &File) -> io::Result<()> {
    file.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => {
            io::Error::new(io::ErrorKind::ResourceBusy, "another run is writing it")
        }
        TryLockError::Error(error) => error,
    })
}

/// Opens without following symbolic links and without waiting for the reader of a named pipe.
#[cfg(unix)]
fn no_follow(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;

    use rustix::fs::OFlags;

    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    options.custom_flags(flags.bits().cast_signed())
}

#[cfg(not(unix))]
fn no_follow(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

/// Gives `file` the owner and mode of `existing`. Returns whether it can replace the existing file.
#[cfg(unix)]
fn adopt(file: &File, existing: &File) -> io::Result<bool> {
    use std::os::unix::fs::{MetadataExt, fchown};

    let (own, old) = (file.metadata()?, existing.metadata()?);
    let is_same_owner = (own.uid(), own.gid()) == (old.uid(), old.gid())
        || fchown(file, Some(old.uid()), Some(old.gid())).is_ok();
    let is_replaceable = is_same_owner && old.nlink() == 1;
    if is_replaceable {
        // After the owner, because a change of the owner clears some bits.
        file.set_permissions(old.permissions())?;
    }
    Ok(is_replaceable)
}

#[cfg(not(unix))]
fn adopt(_: &File, _: &File) -> io::Result<bool> {
    Ok(true)
}

/// Whether the open file is the one at `path`.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;

    let place = |about: fs::Metadata| (about.dev(), about.ino());
    let open = file.metadata().map(place).ok();
    open.is_some() && open == fs::symlink_metadata(path).map(place).ok()
}

/// On other systems, an open file is not renamed.
#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> bool {
    true
}

#[cfg(all(test, unix))]
mod tests {
    use super::{WholeFile, create_part, is_at};

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

    #[test]
    fn two_runs_do_not_write_one_part() {
        let directory = tempfile::tempdir().unwrap();
        let part = directory.path().join("part");
        std::fs::write(&part, "of a killed run").unwrap();
        let first = create_part(&part, false).unwrap();
        assert_eq!(first.metadata().unwrap().len(), 0);
        assert!(create_part(&part, false).is_err());
        drop(first);
        create_part(&part, false).unwrap();
    }

    #[test]
    fn empty_part_is_removed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("out");
        drop(WholeFile::create(path.clone()).unwrap());
        assert_eq!(std::fs::read_dir(&directory).unwrap().count(), 0);
        let whole = WholeFile::create(path).unwrap();
        std::fs::write(whole.part(), "some").unwrap();
        drop(whole);
        assert_eq!(std::fs::read_dir(&directory).unwrap().count(), 1);
    }
}
