use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use super::options::not_blank;
use super::websocket::WebSocketDialer;
use super::{ConnectError, ConnectOptions, Dial, KeepAlive, StreamCounts, Transport};
use crate::wire::{EngineUrl, InvalidUrl, StreamChannelRef};

/// Where an engine is and how to reach it: a URL with options, or an engine in this process.
///
/// Cheap to clone. `Debug` and `Display` show scheme, host and path, never a token or a query.
///
/// # Example
///
/// ```
/// use std::time::Duration;
/// use pipewright::Address;
///
/// let address: Address = "ws://127.0.0.1:49134".parse().unwrap();
/// let address = Address::from("wss://engine.example".parse::<pipewright::EngineUrl>().unwrap())
///     .bearer_token("s3cret")
///     .connect_timeout(Duration::from_secs(3));
/// assert_eq!(address.to_string(), "wss://engine.example");
/// ```
#[derive(Clone)]
pub struct Address {
    kind: Kind,
    /// Where the ends of channels that are opened here are counted, if anywhere.
    counts: Option<Arc<StreamCounts>>,
}

#[derive(Clone)]
enum Kind {
    Url(EngineUrl, Arc<ConnectOptions>),
    InProcess(Arc<dyn Dial>),
}

impl Address {
    fn of(kind: Kind) -> Self {
        Self { kind, counts: None }
    }

    /// The engine that the environment names: at the URL in `III_URL`, where the SDKs read it too,
    /// or else at `ws://127.0.0.1:49134`.
    ///
    /// Every address sends the bearer token in `III_TOKEN`, if there is one and nothing else was
    /// set by [`bearer_token`](Self::bearer_token) or [`header`](Self::header).
    ///
    /// # Errors
    ///
    /// When `III_URL` holds something that is no URL of an engine.
    pub fn from_env() -> Result<Self, InvalidUrl> {
        not_blank("III_URL")
            .as_deref()
            .unwrap_or("ws://127.0.0.1:49134")
            .parse()
    }

    /// Counts in `counts` what goes through ends of channels that are opened here.
    pub(crate) fn counted_in(mut self, counts: Arc<StreamCounts>) -> Self {
        self.counts = Some(counts);
        self
    }

    pub(crate) fn counts(&self) -> Option<&Arc<StreamCounts>> {
        self.counts.as_ref()
    }

    /// An engine that shares this process.
    #[cfg(any(feature = "engine", test))]
    pub(crate) fn in_process(dial: Arc<dyn Dial>) -> Self {
        Self::of(Kind::InProcess(dial))
    }

    /// Sends `Authorization: Bearer <token>` with every connection, control and channels.
    ///
    /// Without effect on an engine in this process.
    #[must_use]
    pub fn bearer_token(self, token: impl AsRef<str>) -> Self {
        self.header("Authorization", format!("Bearer {}", token.as_ref()))
    }

    /// Sends an HTTP header with every connection, control and channels. Its value never prints.
    ///
    /// A name or value that HTTP does not allow is reported when a connection is made.
    #[must_use]
    pub fn header(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.with(|options| options.headers.push((name.into(), value.into())))
    }

    /// How long one attempt to connect may take, from the name lookup to the end of the
    /// handshake; 10 seconds unless told.
    #[must_use]
    pub fn connect_timeout(self, timeout: Duration) -> Self {
        self.with(|options| options.connect_timeout = timeout)
    }

    /// Names the worker whose connections are made at this address, so that the engine can end its
    /// channels should it stand still.
    pub(crate) fn owned_by(self, owner: &str) -> Self {
        self.with(|options| options.owner = Some(owner.into()))
    }

    /// How often the engine is to give a sign of life on control connections.
    pub(crate) fn control_heartbeat(self, every: Duration) -> Self {
        self.with(|options| options.control_heartbeat = every)
    }

    /// How often the engine is to give a sign of life on the ends of channels that are opened at
    /// this address, and how long an end that waits for it puts up with silence; 20 s and 60 s
    /// unless told.
    ///
    /// So an engine that hangs, or a line that swallows everything, is an error of whoever reads or
    /// writes, as if the connection had been lost. Only silence counts that an end waits in: code
    /// that does something else for an hour loses nothing. An engine that does not know of this, as
    /// iii engines do not, is waited for without such a bound.
    ///
    /// A [`Sender`](crate::Sender) of items also promises its receiver a sign of life that often,
    /// within the stream and over any engine: a receiver that waits for longer than three of them,
    /// and for a second at least, takes the sender for lost. So code that sends items may not block
    /// all threads of its runtime for that long without sending.
    ///
    /// A period of less than a millisecond is taken as one.
    #[must_use]
    pub fn heartbeat(self, every: Duration, dead_after: Duration) -> Self {
        self.with(|options| {
            options.heartbeat = KeepAlive {
                ping_every: every.max(Duration::from_millis(1)),
                dead_after,
            };
        })
    }

    /// How often a writer at this address gives signs of life to its reader.
    pub(crate) fn heartbeat_every(&self) -> Duration {
        match &self.kind {
            // A sender that had to give signs all the time would do nothing else.
            Kind::Url(_, options) => options.heartbeat.ping_every.max(Duration::from_millis(1)),
            Kind::InProcess(_) => KeepAlive::default().ping_every,
        }
    }

    /// Trusts the certificates in `pem`, beside those of the system, for `wss://` addresses.
    ///
    /// For an engine whose certificate your own authority signed. What is not a certificate is
    /// reported when a connection is made.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn root_certificates(self, pem: impl Into<Vec<u8>>) -> Self {
        self.with(|options| {
            options.root_certificates.push(pem.into());
            options.tls = Arc::default();
        })
    }

    /// Shows the engine a certificate, for `wss://` addresses of engines that ask for one: a chain,
    /// the client's own first, and its private key, both PEM.
    ///
    /// What cannot be used is reported when a connection is made.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn client_certificate(
        self,
        certificates: impl Into<Vec<u8>>,
        key: impl Into<Vec<u8>>,
    ) -> Self {
        self.with(|options| {
            options.client_certificate = Some((certificates.into(), key.into()));
            options.tls = Arc::default();
        })
    }

    fn with(mut self, set: impl FnOnce(&mut ConnectOptions)) -> Self {
        if let Kind::Url(_, options) = &mut self.kind {
            set(Arc::make_mut(options));
        }
        self
    }

    /// Whether the engine shares this process.
    pub fn is_in_process(&self) -> bool {
        matches!(self.kind, Kind::InProcess(_))
    }

    pub(crate) async fn dial_control(&self) -> Result<Box<dyn Transport>, ConnectError> {
        match &self.kind {
            Kind::Url(url, options) => WebSocketDialer::new(url, options).control().await,
            Kind::InProcess(dial) => dial.control().await,
        }
    }

    pub(crate) async fn dial_channel(
        &self,
        channel_ref: &StreamChannelRef,
    ) -> Result<Box<dyn Transport>, ConnectError> {
        match &self.kind {
            Kind::Url(url, options) => {
                WebSocketDialer::new(url, options)
                    .channel(channel_ref)
                    .await
            }
            Kind::InProcess(dial) => dial.channel(channel_ref).await,
        }
    }
}

impl From<EngineUrl> for Address {
    fn from(url: EngineUrl) -> Self {
        Self::of(Kind::Url(url, Arc::default()))
    }
}

impl FromStr for Address {
    type Err = InvalidUrl;

    fn from_str(text: &str) -> Result<Self, InvalidUrl> {
        text.parse::<EngineUrl>().map(Self::from)
    }
}

impl TryFrom<&str> for Address {
    type Error = InvalidUrl;

    fn try_from(text: &str) -> Result<Self, InvalidUrl> {
        text.parse()
    }
}

impl TryFrom<String> for Address {
    type Error = InvalidUrl;

    fn try_from(text: String) -> Result<Self, InvalidUrl> {
        text.parse()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Url(url, _) => fmt::Display::fmt(url, f),
            Kind::InProcess(dial) => f.write_str(&dial.name()),
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}
