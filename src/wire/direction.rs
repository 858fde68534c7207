use std::fmt;

use serde::{Deserialize, Serialize};

/// Which end of a channel a ref opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// The end that data is read from.
    Read,
    /// The end that data is written to.
    Write,
}

impl Direction {
    /// The word used on the wire: `read` or `write`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }

    /// The name of the party at this end: `reader` or `writer`.
    pub(crate) const fn role(self) -> &'static str {
        match self {
            Self::Read => "reader",
            Self::Write => "writer",
        }
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
