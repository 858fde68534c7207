use std::fmt;
use std::io;

/// Why a connection was refused.
#[derive(Debug)]
pub(crate) enum Refused {
    /// The HTTP status of the engine's response.
    Status(u16),
    /// The connection was closed before a response.
    Closed,
    Broken(io::Error),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "HTTP {status}"),
            Self::Closed => f.write_str("cut off"),
            Self::Broken(error) if error.kind() == io::ErrorKind::ConnectionReset => {
                f.write_str("cut off")
            }
            Self::Broken(error) => write!(f, "{:?}", error.kind()),
        }
    }
}

impl std::error::Error for Refused {}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        Self::Broken(error)
    }
}
