use std::sync::Arc;
#[cfg(feature = "tls")]
use std::sync::OnceLock;
use std::time::Duration;

#[cfg(feature = "tls")]
use rustls::ClientConfig;

use super::KeepAlive;

/// How to make a connection.
#[derive(Clone)]
pub(crate) struct ConnectOptions {
    /// Additional handshake headers. They may hold tokens: do not print.
    pub(crate) headers: Vec<(String, String)>,
    /// The value of `III_TOKEN`, sent as a bearer token unless a header sets another one. Do not
    /// print.
    pub(crate) token_from_env: Option<String>,
    pub(crate) connect_timeout: Duration,
    /// How often the engine should send heartbeats on channels, and how much silence is tolerated.
    pub(crate) heartbeat: KeepAlive,
    /// How often the engine should send a heartbeat on the control connection.
    pub(crate) control_heartbeat: Duration,
    /// Whether the worker reattaches after a loss of its control connection.
    pub(crate) reattaches: bool,
    /// The random token that identifies the connecting worker.
    pub(crate) owner: Option<Arc<str>>,
    /// PEM files of additional trusted authorities.
    #[cfg(feature = "tls")]
    pub(crate) root_certificates: Vec<Vec<u8>>,
    /// The client certificate chain and its key, both in PEM.
    #[cfg(feature = "tls")]
    pub(crate) client_certificate: Option<(Vec<u8>, Vec<u8>)>,
    /// The TLS configuration, built by the first connection. Clear it when a certificate changes.
    #[cfg(feature = "tls")]
    pub(crate) tls: Arc<OnceLock<Result<Arc<ClientConfig>, String>>>,
}

/// The value of an environment variable, unless it is blank.
pub(crate) fn not_blank(variable: &str) -> Option<String> {
    let value = std::env::var(variable).ok()?;
    let value = value.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

impl Default for ConnectOptions {
    fn default() -> Self {
        Self {
            headers: Vec::new(),
            token_from_env: not_blank("III_TOKEN"),
            // The time that the SDKs allow for the whole connection attempt (`docs/protocol.md`
            // section 1.1).
            connect_timeout: Duration::from_secs(10),
            heartbeat: KeepAlive::default(),
            control_heartbeat: KeepAlive::default().ping_every,
            reattaches: false,
            owner: None,
            #[cfg(feature = "tls")]
            root_certificates: Vec::new(),
            #[cfg(feature = "tls")]
            client_certificate: None,
            #[cfg(feature = "tls")]
            tls: Arc::default(),
        }
    }
}
