use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use super::options::not_blank;
use super::websocket::WebSocketDialer;
use super::{ConnectError, ConnectOptions, Dial, EndpointStats, KeepAlive, Transport};
use crate::wire::{EngineUrl, InvalidUrl, StreamChannelRef};

/// The location of an engine and how to connect to it: a URL with options, or an engine in this
/// process.
///
/// Cheap to clone. `Debug` and `Display` show scheme, host and path, but no tokens and no query.
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
    /// Counters for the channel ends opened at this address, if any.
    counts: Option<Arc<EndpointStats>>,
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

    /// Returns the engine named by the environment: the URL in `III_URL`, which the SDKs also read,
    /// or `ws://127.0.0.1:49134`.
    ///
    /// Connections to this address send the bearer token in `III_TOKEN`, if that is set and neither
    /// [`bearer_token`](Self::bearer_token) nor [`header`](Self::header) sets another one.
    ///
    /// # Errors
    ///
    /// Fails if `III_URL` is not the URL of an engine.
    pub fn from_env() -> Result<Self, InvalidUrl> {
        not_blank("III_URL")
            .as_deref()
            .unwrap_or("ws://127.0.0.1:49134")
            .parse()
    }

    /// Counts the traffic of channel ends opened at this address in `counts`.
    pub(crate) fn counted_in(mut self, counts: Arc<EndpointStats>) -> Self {
        self.counts = Some(counts);
        self
    }

    pub(crate) fn counts(&self) -> Option<&Arc<EndpointStats>> {
        self.counts.as_ref()
    }

    /// An engine that shares this process.
    #[cfg(any(feature = "engine", test))]
    pub(crate) fn in_process(dial: Arc<dyn Dial>) -> Self {
        Self::of(Kind::InProcess(dial))
    }

    /// Sends `Authorization: Bearer <token>` with every connection, control and channels.
    ///
    /// Has no effect on an engine in this process.
    #[must_use]
    pub fn bearer_token(self, token: impl AsRef<str>) -> Self {
        self.header("Authorization", format!("Bearer {}", token.as_ref()))
    }

    /// Sends an HTTP header with every connection, control and channels. Its value is never
    /// printed.
    ///
    /// A name or value that HTTP does not allow is reported when a connection is made.
    #[must_use]
    pub fn header(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.with(|options| options.headers.push((name.into(), value.into())))
    }

    /// Sets the timeout of one connection attempt, from the name lookup to the end of the
    /// handshake; default: 10 s.
    #[must_use]
    pub fn connect_timeout(self, timeout: Duration) -> Self {
        self.with(|options| options.connect_timeout = timeout)
    }

    /// Identifies the worker that makes the connections, so that the engine can close its channels
    /// if the worker stops responding.
    pub(crate) fn owned_by(self, owner: &str) -> Self {
        self.with(|options| options.owner = Some(owner.into()))
    }

    /// Sets how often the engine should send a heartbeat on control connections.
    pub(crate) fn control_heartbeat(self, every: Duration) -> Self {
        self.with(|options| options.control_heartbeat = every)
    }

    /// Sets whether the worker reattaches after a loss of its control connection.
    pub(crate) fn reattaching(self, reattaches: bool) -> Self {
        self.with(|options| options.reattaches = reattaches)
    }

    /// Sets the heartbeat of channels opened at this address: how often the engine sends one, and
    /// how long an end waits without receiving any. Defaults: 20 s and 60 s.
    ///
    /// If the engine hangs, or the network discards everything, reading and writing fail as if the
    /// connection had been lost. Only the time that an end spends waiting counts: code that does
    /// something else for an hour loses nothing. This timeout does not apply to engines without
    /// this extension, such as iii engines.
    ///
    /// A [`Sender`](crate::Sender) of items also promises its receiver a heartbeat at this
    /// interval, within the stream and over any engine. A receiver that waits longer than three
    /// intervals, and at least one second, reports the sender as lost. Code that sends items must
    /// therefore not block all threads of its runtime for that long without sending.
    ///
    /// The minimum interval is one millisecond.
    #[must_use]
    pub fn heartbeat(self, every: Duration, dead_after: Duration) -> Self {
        self.with(|options| {
            options.heartbeat = KeepAlive {
                ping_every: every.max(Duration::from_millis(1)),
                dead_after,
            };
        })
    }

    /// How often a writer at this address sends a heartbeat to its reader.
    pub(crate) fn heartbeat_every(&self) -> Duration {
        match &self.kind {
            // The minimum keeps a sender from spending all its time on heartbeats.
            Kind::Url(_, options) => options.heartbeat.ping_every.max(Duration::from_millis(1)),
            Kind::InProcess(_) => KeepAlive::default().ping_every,
        }
    }

    /// Trusts the certificates in `pem`, in addition to those of the system, for `wss://`
    /// addresses.
    ///
    /// Use this for an engine whose certificate is signed by your own authority. Invalid
    /// certificates are reported when a connection is made.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn root_certificates(self, pem: impl Into<Vec<u8>>) -> Self {
        self.with(|options| {
            options.root_certificates.push(pem.into());
            options.tls = Arc::default();
        })
    }

    /// Sets the client certificate for `wss://` engines that require one: a chain, starting with
    /// the client's own certificate, and its private key, both in PEM.
    ///
    /// An unusable certificate or key is reported when a connection is made.
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

    /// Whether the engine runs in this process.
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
