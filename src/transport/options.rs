use std::time::Duration;

use super::KeepAlive;

/// How a connection is to be made.
#[derive(Clone)]
pub(crate) struct ConnectOptions {
    /// Extra headers of the handshake. They may hold tokens: not to be printed.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) connect_timeout: Duration,
    /// How often the engine is asked for a sign of life on channels, and what silence is too long.
    pub(crate) heartbeat: KeepAlive,
    /// PEM files of authorities to trust beside the system's.
    #[cfg(feature = "tls")]
    pub(crate) root_certificates: Vec<Vec<u8>>,
}

impl Default for ConnectOptions {
    fn default() -> Self {
        Self {
            headers: Vec::new(),
            // What the SDKs allow for the whole connect (`protocol.md` 1.1).
            connect_timeout: Duration::from_secs(10),
            heartbeat: KeepAlive::default(),
            #[cfg(feature = "tls")]
            root_certificates: Vec::new(),
        }
    }
}
