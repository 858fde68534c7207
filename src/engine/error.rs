use std::io;

/// Why an engine could not be started.
///
/// `Display` says what to do about it; `source()` has what the operating system said.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}{}", advice(source))]
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
    /// No client can send the bearer token in a header.
    #[error(
        "a bearer token {problem}, so that no client could send it; use one line of visible ASCII \
         characters"
    )]
    UnusableToken {
        /// What is wrong with it. Never the token.
        problem: &'static str,
    },
    /// Two roles have the same token.
    #[error("two roles have the same bearer token; give each role a token of its own")]
    TokenTwice,
    /// Nobody could be served with a limit or an interval.
    #[error("the engine cannot work with its settings: {reason}")]
    Setting {
        /// Which setting, and what to do.
        reason: String,
    },
    /// The engine cannot encrypt with what it was given.
    #[error("the engine cannot serve wss: {reason}")]
    Tls {
        /// Which certificate or key, and what is wrong with it.
        reason: String,
    },
}

/// What to do about an address that cannot be listened on.
fn advice(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::AddrInUse => "; another engine may be running there",
        io::ErrorKind::AddrNotAvailable => "; this machine does not have that address",
        io::ErrorKind::PermissionDenied => "; choose a port of 1024 or above",
        io::ErrorKind::InvalidInput => "; an address is HOST:PORT, such as 127.0.0.1:49134",
        _ => "",
    }
}
