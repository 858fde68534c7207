use std::io;

/// The error of an engine that could not start.
///
/// `Display` says what to do; `source()` returns the error of the operating system.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The engine cannot listen on the address.
    #[error("cannot listen on {address}{}", advice(source))]
    Listen {
        /// The requested address.
        address: String,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The address is reachable from other machines, and no token protects it.
    #[error(
        "{address} can be reached from other machines; set a bearer token, ask for certificates of \
         clients, or listen on 127.0.0.1"
    )]
    Unprotected {
        /// The requested address.
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
        /// What is wrong with the token; never contains the token.
        problem: &'static str,
    },
    /// Two roles have the same token.
    #[error("two roles have the same bearer token; give each role a token of its own")]
    TokenTwice,
    /// A limit or an interval would make the engine unusable.
    #[error("the engine cannot work with its settings: {reason}")]
    Setting {
        /// The setting and what to do.
        reason: String,
    },
    /// A certificate or the key cannot be used.
    #[error("the engine cannot serve wss: {reason}")]
    Tls {
        /// The certificate or key, and what is wrong with it.
        reason: String,
    },
}

/// What to do if the engine cannot listen on the address.
fn advice(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::AddrInUse => "; another engine may be running there",
        io::ErrorKind::AddrNotAvailable => "; this machine does not have that address",
        io::ErrorKind::PermissionDenied => "; choose a port of 1024 or above",
        io::ErrorKind::InvalidInput => "; an address is HOST:PORT, such as 127.0.0.1:49134",
        _ => "",
    }
}
