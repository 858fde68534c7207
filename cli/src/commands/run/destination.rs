use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The target of an output path.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Destination {
    /// Standard output of this process, such as `/dev/stdout`.
    Stdout,
    /// Standard error of this process, such as `/dev/stderr`.
    Stderr,
    /// A device, a named pipe or an open file of a process.
    Direct(PathBuf),
    /// A regular file that exists or can be created, with all symbolic links followed.
    File(PathBuf),
}

/// Maximum number of symbolic links to follow; the same as on Linux.
const MAX_LINKS: usize = 40;

/// Follows the symbolic links of `path`, so that the links are kept.
///
/// # Errors
///
/// If the path is a directory, if its parent directory does not exist, or if there are too many
/// links.
pub(super) fn destination(path: &Path) -> io::Result<Destination> {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        let parent = match path.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        let Some(name) = path.file_name() else {
            return Err(io::ErrorKind::IsADirectory.into());
        };
        let parent = fs::canonicalize(parent)?;
        let real = parent.join(name);
        if let Some(open) = open_file(&parent, &real) {
            return Ok(open);
        }
        match fs::symlink_metadata(&real) {
            Ok(about) if about.is_symlink() => path = parent.join(fs::read_link(&real)?),
            Ok(about) if about.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
            Ok(about) if !about.is_file() => return Ok(Destination::Direct(real)),
            _ => return Ok(Destination::File(path)),
        }
    }
    Err(io::Error::other("too many symbolic links"))
}

/// An entry of `/dev/fd` or `/proc/PID/fd`, whose link has no real target.
fn open_file(parent: &Path, path: &Path) -> Option<Destination> {
    let own = fs::canonicalize("/proc/self/fd").ok();
    let is_own = own.is_some_and(|own| own == parent) || parent == Path::new("/dev/fd");
    let is_other = parent.starts_with("/proc") && parent.ends_with("fd");
    match path.file_name()?.to_str()? {
        "1" if is_own => Some(Destination::Stdout),
        "2" if is_own => Some(Destination::Stderr),
        _ if is_own || is_other => Some(Destination::Direct(path.to_owned())),
        _ => None,
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;
    use std::path::Path;

    use super::{Destination, destination};

    #[test]
    fn links_are_followed_to_a_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().canonicalize().unwrap().join(name);
        symlink("b", path("a")).unwrap();
        symlink(path("c"), path("b")).unwrap();
        assert_eq!(
            destination(&path("a")).unwrap(),
            Destination::File(path("c"))
        );
        std::fs::write(path("c"), "").unwrap();
        assert_eq!(
            destination(&path("a")).unwrap(),
            Destination::File(path("c"))
        );
        symlink("loop", path("loop")).unwrap();
        assert!(destination(&path("loop")).is_err());
        assert!(destination(&path("none").join("x")).is_err());
        assert!(destination(directory.path()).is_err());
    }

    #[test]
    fn standard_streams_are_not_files() {
        for (path, expected) in [
            ("/dev/stdout", Destination::Stdout),
            ("/dev/fd/1", Destination::Stdout),
            ("/dev/stderr", Destination::Stderr),
        ] {
            assert_eq!(destination(Path::new(path)).unwrap(), expected, "{path}");
        }
        let null = Path::new("/dev/null");
        assert_eq!(destination(null).unwrap(), Destination::Direct(null.into()));
    }
}
