use std::fmt;

use serde::de;

/// The reason why an item cannot be read within its bounds.
#[derive(Debug)]
pub(super) enum Fault<E> {
    /// The format failed.
    Format(E),
    /// The type refused a value, or a bound was exceeded.
    Refused(String),
}

impl<E: fmt::Display> fmt::Display for Fault<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Format(error) => error.fmt(f),
            Self::Refused(text) => f.write_str(text),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> std::error::Error for Fault<E> {}

impl<E: fmt::Debug + fmt::Display> de::Error for Fault<E> {
    fn custom<T: fmt::Display>(text: T) -> Self {
        Self::Refused(text.to_string())
    }
}

/// The message for an item that the format could not read.
#[derive(Debug)]
pub(in crate::codec) struct Refusal(pub(in crate::codec) String);

impl fmt::Display for Refusal {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refusal {}
