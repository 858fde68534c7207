//! Files as sources and sinks: the feature `files`.
//!
//! | file | contents |
//! |---|---|
//! | `cutter` | splits bytes into lines of bounded length; no I/O |
//! | `open` | opens a file and decompresses it by its name |
//! | `lines` | [`FileLines`]: the lines of files, one after the other |
//! | `follow` | [`FollowFile`]: the lines of a file that grows and is rotated |
//! | `source` | both as the start of a pipeline |
//! | `atomic` | [`AtomicFile`]: a file that appears under its name when it is complete |

mod atomic;
mod cutter;
mod follow;
mod lines;
mod open;
mod source;

pub use atomic::AtomicFile;
pub use cutter::LongLines;
pub use follow::FollowFile;
pub use lines::FileLines;
pub use source::{IntoLines, LineSource};
