use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::str::FromStr;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::stdio::Stdio;

/// A short text: given directly, as `@FILE`, or as `-` for standard input.
#[derive(Clone)]
pub(super) enum Source {
    Argument(String),
    File(PathBuf),
    Stdin,
}

/// Maximum length, more than a control message can hold (`docs/protocol.md` section 1.5).
const LONGEST: u64 = 64 << 20;

impl FromStr for Source {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match (text, text.strip_prefix('@')) {
            ("-", _) => Self::Stdin,
            (_, Some(path)) => Self::File(path.into()),
            _ => Self::Argument(text.to_owned()),
        })
    }
}

impl Source {
    /// Reads the whole text.
    pub(super) fn read(&self) -> Result<String, Failure> {
        match self {
            Self::Argument(text) => Ok(text.clone()),
            Self::Stdin => match Stdio::stdin() {
                Ok(stdin) => self.take(&stdin),
                Err(error) => Err(self.unreadable(&error)),
            },
            Self::File(path) => match File::open(path) {
                Ok(file) => self.take(file),
                Err(error) => Err(self.unreadable(&error)),
            },
        }
    }

    fn take(&self, from: impl Read) -> Result<String, Failure> {
        let mut text = String::new();
        let read = from.take(LONGEST + 1).read_to_string(&mut text);
        let read = read.map_err(|error| self.unreadable(&error))?;
        if read as u64 > LONGEST {
            let told = format!("{self} has more than {LONGEST} bytes");
            return Err(Failure::new(Exit::Usage, told)
                .hint("send what is large through a channel: `pipewright channel write`"));
        }
        // Some editors begin a file with a byte order mark.
        if text.starts_with('\u{feff}') {
            text.remove(0);
        }
        Ok(text)
    }

    fn unreadable(&self, error: &io::Error) -> Failure {
        Failure::new(Exit::Usage, format!("cannot read {self}: {error}"))
            .hint("`@FILE` is what a file holds, `-` standard input")
    }
}

impl fmt::Display for Source {
    /// Never prints the text: it may contain a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Argument(_) => f.write_str("the argument"),
            Self::File(path) => write!(f, "the file {}", path.display()),
            Self::Stdin => f.write_str("standard input"),
        }
    }
}
