use std::io;

/// Why an engine could not be started.
///
/// `Display` says what to do about it; `source()` has what the operating system said.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}; another engine may be running there")]
    Listen {
        /// The address that was asked for.
        address: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// The address can be reached from other machines and no token protects it.
    #[error(
        "{address} can be reached from other machines; set a bearer token, ask for certificates of \
         clients, or listen on 127.0.0.1"
    )]
    Unprotected {
        /// The address that was asked for.
        address: String,
    },
    /// The bearer token is blank.
    #[error("a blank bearer token protects nothing; give one that cannot be guessed")]
    BlankToken,
    /// The engine cannot encrypt with what it was given.
    #[error("the engine cannot serve wss: {reason}")]
    Tls {
        /// Which certificate or key, and what is wrong with it.
        reason: String,
    },
}
