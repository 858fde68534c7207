use std::fmt;

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

/// The secret half of a [`StreamChannelRef`](crate::StreamChannelRef). Anyone who holds it can open
/// that end of the channel.
///
/// It serialises as a plain string. `Debug` and `Display` both print `***`, so a ref can be logged.
/// Comparison runs in constant time.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AccessKey(String);

impl AccessKey {
    /// Wraps an existing key.
    pub fn new(key: impl Into<String>) -> Self {
        Self(key.into())
    }

    /// Returns the key itself, for building a URL or a payload. Do not log it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl PartialEq for AccessKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for AccessKey {}

impl fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for AccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::AccessKey;

    #[test]
    fn never_prints() {
        let key = AccessKey::new("s3cret");
        assert_eq!(format!("{key} {key:?}"), "*** ***");
        assert_eq!(serde_json::to_string(&key).unwrap(), "\"s3cret\"");
    }

    #[test]
    fn compares_by_value() {
        assert_eq!(AccessKey::new("a"), AccessKey::new("a"));
        assert_ne!(AccessKey::new("a"), AccessKey::new("b"));
        assert_ne!(AccessKey::new("a"), AccessKey::new("aa"));
    }
}
