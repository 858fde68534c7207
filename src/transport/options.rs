use std::sync::Arc;
#[cfg(feature = "tls")]
use std::sync::OnceLock;
use std::time::Duration;

#[cfg(feature = "tls")]
use rustls::ClientConfig;

use super::KeepAlive;

/// How a connection is to be made.
#[derive(Clone)]
pub(crate) struct ConnectOptions {
    /// Extra headers of the handshake. They may hold tokens: not to be printed.
    pub(crate) headers: Vec<(String, String)>,
    /// What `III_TOKEN` holds: sent as a bearer token unless a header says otherwise. Not to be
    /// printed.
    pub(crate) token_from_env: Option<String>,
    pub(crate) connect_timeout: Duration,
    /// How often the engine is asked for a sign of life on channels, and what silence is too long.
    pub(crate) heartbeat: KeepAlive,
    /// How often the engine is to give a sign of life on the control connection.
    pub(crate) control_heartbeat: Duration,
    /// The worker that connects, in a word that nobody else can guess.
    pub(crate) owner: Option<Arc<str>>,
    /// PEM files of authorities to trust beside the system's.
    #[cfg(feature = "tls")]
    pub(crate) root_certificates: Vec<Vec<u8>>,
    /// What the client shows of itself: a chain of certificates and its key, both PEM.
    #[cfg(feature = "tls")]
    pub(crate) client_certificate: Option<(Vec<u8>, Vec<u8>)>,
    /// What follows from both, made by the first connection; to be emptied when one is changed.
    #[cfg(feature = "tls")]
    pub(crate) tls: Arc<OnceLock<Result<Arc<ClientConfig>, String>>>,
}

/// What an environment variable holds, unless it is blank.
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
            // What the SDKs allow for the whole connect (`docs/protocol.md` section 1.1).
            connect_timeout: Duration::from_secs(10),
            heartbeat: KeepAlive::default(),
            control_heartbeat: KeepAlive::default().ping_every,
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
