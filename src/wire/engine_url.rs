use std::fmt::{self, Write};
use std::str::FromStr;

use url::Url;

use super::{AccessKey, Direction, StreamChannelRef};

/// The path of channels below the control address (`docs/protocol.md` section 4.1).
const CHANNEL_PATH: &str = "/ws/channels/";

/// The address of an engine: `ws://host:49134` or `wss://host`, with an optional path and query.
///
/// Every URL derived from it keeps the query, because some deployments authenticate with it. For
/// the same reason, `Debug` and `Display` omit the query.
///
/// ```
/// let url: pipewright::EngineUrl = "ws://127.0.0.1:49134/?token=s3cret".parse().unwrap();
/// assert_eq!(url.to_string(), "ws://127.0.0.1:49134");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct EngineUrl(Url);

/// The error for a string that is not the address of an engine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidUrl {
    /// The text is not a URL.
    #[error("`{text}` is not a URL ({reason}); write ws://host:port or wss://host")]
    Syntax {
        /// The input, without user name, password and query.
        text: String,
        /// Why it is not a URL.
        reason: String,
    },
    /// The URL has another scheme.
    #[error("an engine URL starts with ws:// or wss://, not {0}://")]
    Scheme(String),
}

impl EngineUrl {
    /// The engine's scheme, host and port, without secrets.
    pub(crate) fn origin(&self) -> String {
        let authority = &self.0[url::Position::BeforeHost..url::Position::AfterPort];
        format!("{}://{authority}/", self.0.scheme())
    }

    /// The URL of the control socket.
    pub(crate) fn control(&self) -> ChannelUrl {
        ChannelUrl(self.0.clone())
    }

    /// The URL of the data socket that `channel_ref` opens.
    pub(crate) fn channel(&self, channel_ref: &StreamChannelRef) -> ChannelUrl {
        let mut url = self.0.clone();
        let base = url.path().trim_end_matches('/');
        let id = escaped(&channel_ref.channel_id);
        url.set_path(&format!("{base}{CHANNEL_PATH}{id}"));
        url.query_pairs_mut()
            .append_pair("key", channel_ref.access_key.expose())
            .append_pair("dir", channel_ref.direction.as_str());
        ChannelUrl(url)
    }

    /// Whether the connection is encrypted.
    pub fn is_secure(&self) -> bool {
        self.0.scheme() == "wss"
    }
}

impl FromStr for EngineUrl {
    type Err = InvalidUrl;

    fn from_str(text: &str) -> Result<Self, InvalidUrl> {
        let mut url = Url::parse(text).map_err(|error| InvalidUrl::Syntax {
            text: without_secrets(text),
            reason: error.to_string(),
        })?;
        if !matches!(url.scheme(), "ws" | "wss") {
            return Err(InvalidUrl::Scheme(url.scheme().to_owned()));
        }
        url.set_fragment(None);
        Ok(Self(url))
    }
}

/// Removes possible secrets from text that is not a URL: everything before the last `@`, which may
/// be a user name and password, and everything that may be a query.
fn without_secrets(text: &str) -> String {
    let public = |text: &str| text.split(['?', '#']).next().unwrap_or_default().to_owned();
    let Some((before, rest)) = text.rsplit_once('@') else {
        return public(text);
    };
    // An `@` within a query does not end credentials; the text after it is still part of the query.
    let rest = if before.contains(['?', '#']) {
        String::new()
    } else {
        public(rest)
    };
    match before.split_once("://") {
        Some((scheme, _)) => format!("{scheme}://***@{rest}"),
        None => format!("***@{rest}"),
    }
}

impl fmt::Display for EngineUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}://{}",
            self.0.scheme(),
            self.0.host_str().unwrap_or_default()
        )?;
        if let Some(port) = self.0.port() {
            write!(f, ":{port}")?;
        }
        f.write_str(self.0.path().trim_end_matches('/'))
    }
}

impl fmt::Debug for EngineUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Escapes an id for use as the last segment of a path. Ids that engines generate do not change.
/// Other ids must remain a single segment: slashes and backslashes separate segments, tabs and line
/// ends are removed from URLs, and dot segments refer to the parent, even if they are escaped once.
fn escaped(id: &str) -> String {
    if matches!(id, "." | "..") {
        return id.replace('.', "%252E");
    }
    let mut escaped = String::with_capacity(id.len());
    for byte in id.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            // Writing to a `String` cannot fail.
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

/// A URL for a connection. It may contain an access key, so it implements neither `Debug` nor
/// `PartialEq`.
pub(crate) struct ChannelUrl(Url);

impl ChannelUrl {
    /// The whole URL, including secrets.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn expose(&self) -> &str {
        self.0.as_str()
    }

    /// The request target of the handshake, including secrets. Do not log it.
    pub(crate) fn expose_path(&self) -> &str {
        &self.0[url::Position::BeforePath..url::Position::AfterQuery]
    }
}

/// The parameters of a request for a data socket, as the engine parses them.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ChannelQuery {
    pub(crate) channel_id: String,
    pub(crate) access_key: AccessKey,
    pub(crate) direction: Direction,
}

/// A request for a data socket that lacks a parameter; the engine answers 400.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ChannelQueryError {
    #[error("the query parameter `key` is missing")]
    Key,
    #[error("the query parameter `dir` must be `read` or `write`")]
    Direction,
}

impl ChannelQuery {
    /// Parses path and query of a request. Returns `None` if the path is not that of a data socket.
    ///
    /// Parameters may appear in any order, among others (`docs/protocol.md` section 4.1). If a name
    /// occurs several times, the last value counts, because clients append their parameters.
    pub(crate) fn parse(path: &str, query: &str) -> Option<Result<Self, ChannelQueryError>> {
        let id = path
            .strip_prefix(CHANNEL_PATH)
            .filter(|id| !id.contains('/'))?;
        let (mut key, mut direction) = (None, None);
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "key" => key = Some(value.into_owned()),
                "dir" => direction = Some(value.into_owned()),
                _ => {}
            }
        }
        Some(Self::of(id, key, direction.as_deref()))
    }

    fn of(
        id: &str,
        key: Option<String>,
        direction: Option<&str>,
    ) -> Result<Self, ChannelQueryError> {
        let key = key
            .filter(|key| !key.is_empty())
            .ok_or(ChannelQueryError::Key)?;
        let direction = match direction {
            Some("read") => Direction::Read,
            Some("write") => Direction::Write,
            _ => return Err(ChannelQueryError::Direction),
        };
        Ok(Self {
            channel_id: id.to_owned(),
            access_key: AccessKey::new(key),
            direction,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{ChannelQuery, ChannelQueryError, EngineUrl, InvalidUrl};
    use crate::wire::{AccessKey, Direction, StreamChannelRef};

    fn url(base: &str) -> String {
        let channel_ref = StreamChannelRef {
            channel_id: "c-1".into(),
            access_key: AccessKey::new("k&1"),
            direction: Direction::Write,
        };
        base.parse::<EngineUrl>()
            .unwrap()
            .channel(&channel_ref)
            .expose()
            .to_owned()
    }

    #[test]
    fn channel_urls_keep_path_and_query_of_the_base() {
        assert_eq!(
            url("ws://h:1"),
            "ws://h:1/ws/channels/c-1?key=k%261&dir=write"
        );
        assert_eq!(
            url("ws://h:1/"),
            "ws://h:1/ws/channels/c-1?key=k%261&dir=write"
        );
        assert_eq!(
            url("wss://h/p/?t=x"),
            "wss://h/p/ws/channels/c-1?t=x&key=k%261&dir=write"
        );
    }

    #[test]
    fn what_is_built_can_be_parsed() {
        let url: url::Url = url("ws://h:1/?dir=x&token=t").parse().unwrap();
        let query = ChannelQuery::parse(url.path(), url.query().unwrap())
            .unwrap()
            .unwrap();
        assert_eq!(query.channel_id, "c-1");
        assert_eq!(query.access_key, AccessKey::new("k&1"));
        assert_eq!(query.direction, Direction::Write);
    }

    #[test]
    fn a_request_that_lacks_a_part_says_which() {
        let parse = |query| ChannelQuery::parse("/ws/channels/c", query).unwrap();
        assert_eq!(parse("dir=read"), Err(ChannelQueryError::Key));
        assert_eq!(parse("key=&dir=read"), Err(ChannelQueryError::Key));
        assert_eq!(parse("key=k"), Err(ChannelQueryError::Direction));
        assert_eq!(parse("key=k&dir=both"), Err(ChannelQueryError::Direction));
        assert_eq!(
            ChannelQuery::parse("/ws/channels/a/b", "key=k&dir=read"),
            None
        );
        assert_eq!(ChannelQuery::parse("/other", ""), None);
    }

    #[test]
    fn wrong_addresses_say_what_to_write() {
        let error = |text: &str| text.parse::<EngineUrl>().unwrap_err();
        assert_eq!(error("http://h"), InvalidUrl::Scheme("http".into()));
        let message = error("localhost?token=s3cret").to_string();
        assert!(message.contains("ws://host:port"), "{message}");
        assert!(!message.contains("s3cret"), "{message}");
        for text in [
            "ws://user:s3cret@host:99999",
            "ws://user:s3c?ret#s3cret@ho st/path",
            "//user:s3cret@host",
            "ws://ho st?token=s3cret@x&key=s3cret",
            "ws://ho st#s3cret",
            "user:s3cret@host:1",
            "ws:user:s3cret@ho st",
        ] {
            let message = format!("{0} {0:?}", error(text));
            assert!(!message.contains("s3c"), "{message}");
        }
    }

    #[test]
    fn a_hostile_id_stays_in_its_place() {
        for (id, place) in [
            ("../x?key=1#f", "..%2Fx%3Fkey%3D1%23f"),
            // Found by the fuzz target `url`: URL paths treat a backslash as a slash.
            ("\\.\0K&1", "%5C.%00K%261"),
            ("..\\..\\x", "..%5C..%5Cx"),
            ("..", "%252E%252E"),
            (".\t.", ".%09."),
            ("%2e%2E", "%252e%252E"),
            ("", ""),
        ] {
            let channel_ref = StreamChannelRef {
                channel_id: id.into(),
                access_key: AccessKey::new("k"),
                direction: Direction::Read,
            };
            let url = "ws://h".parse::<EngineUrl>().unwrap().channel(&channel_ref);
            let expected = format!("ws://h/ws/channels/{place}?key=k&dir=read");
            assert_eq!(url.expose(), expected, "{id:?}");
        }
    }
}
