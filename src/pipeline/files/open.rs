use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

/// Opens a file, and decompresses it according to its extension: `.gz` with any number of members,
/// `.zst` with any number of frames.
pub(super) fn open(path: &Path) -> io::Result<Box<dyn Read>> {
    let file = File::open(path)?;
    match path.extension().and_then(OsStr::to_str) {
        Some("gz") => Ok(Box::new(MultiGzDecoder::new(file))),
        Some("zst") => zstd(file),
        _ => Ok(Box::new(file)),
    }
}

#[cfg(feature = "zstd")]
fn zstd(file: File) -> io::Result<Box<dyn Read>> {
    Ok(Box::new(zstd::stream::read::Decoder::new(file)?))
}

#[cfg(not(feature = "zstd"))]
fn zstd(_: File) -> io::Result<Box<dyn Read>> {
    let reason = "files that end in `.zst` need the feature `zstd` of pipewright";
    Err(io::Error::new(io::ErrorKind::Unsupported, reason))
}
