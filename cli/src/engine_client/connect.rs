use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use pipewright::{Address, ConnectError, Worker};

use super::token::Token;
use crate::commands::engine::security::read;
use crate::exit::Exit;
use crate::failure::Failure;

/// The engine that a command uses.
#[derive(Args)]
#[command(next_help_heading = "Engine")]
pub(crate) struct Connect {
    #[arg(
        long,
        value_name = "URL",
        env = "PIPEWRIGHT_ENGINE_URL",
        hide_env_values = true,
        help = "The engine's address; default: that in III_URL, or else ws://127.0.0.1:49134. A \
                token in PIPEWRIGHT_TOKEN or III_TOKEN is sent where none is given"
    )]
    url: Option<String>,
    #[command(flatten)]
    token: Token,
    /// Trust these certificate authorities (PEM), in addition to those of the system.
    #[arg(
        long,
        value_name = "FILE",
        env = "PIPEWRIGHT_CA",
        hide_env_values = true
    )]
    ca: Option<PathBuf>,
    /// Client certificate chain (PEM), starting with the program's own certificate.
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,
    /// Private key of the client certificate (PEM).
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
}

impl Connect {
    /// The URL of the engine that the command line or the environment names.
    pub(crate) fn named(&self) -> Option<String> {
        // An empty variable counts as not set.
        let is_set = |url: &String| !url.trim().is_empty();
        let url = self.url.clone().filter(is_set);
        let url = url.or_else(|| std::env::var("III_URL").ok().filter(is_set))?;
        Some(web_socket(url.trim()).into_owned())
    }

    /// The bearer token that the command line or the environment names.
    pub(crate) fn token(&self) -> Result<Option<String>, Failure> {
        match self.token.read()? {
            None => Token::from_env(),
            token => Ok(token),
        }
    }

    /// The file with further certificate authorities.
    pub(crate) fn ca(&self) -> Option<&Path> {
        self.ca.as_deref()
    }

    /// The address of the engine, with credentials.
    pub(crate) fn address(&self) -> Result<Address, Failure> {
        let address = self
            .named()
            .map_or_else(Address::from_env, |url| url.parse());
        let address = address.map_err(|error| {
            let failure = Failure::new(Exit::Usage, error);
            failure.hint("an engine's address is like ws://127.0.0.1:49134")
        })?;
        let address = match self.token()? {
            Some(token) => address.bearer_token(token),
            None => address,
        };
        let address = match &self.ca {
            Some(authorities) => address.root_certificates(read(authorities)?),
            None => address,
        };
        Ok(match (&self.cert, &self.key) {
            (Some(cert), Some(key)) => address.client_certificate(read(cert)?, read(key)?),
            _ => address,
        })
    }

    /// Connects as a worker without functions.
    pub(crate) async fn worker(&self) -> Result<Worker, Failure> {
        connect(self.address()?).await
    }
}

/// Connects to an engine as a worker without functions.
pub(crate) async fn connect(address: Address) -> Result<Worker, Failure> {
    let tried = address.to_string();
    let builder = Worker::builder(address).description("the program pipewright");
    builder.connect().await.map_err(|error| {
        let hint = hint(&error, &tried);
        Failure::from(error).hint(hint)
    })
}

/// The WebSocket URL for an address in the form that a browser or `--listen` uses.
fn web_socket(url: &str) -> Cow<'_, str> {
    let replaced = [("http://", "ws://"), ("https://", "wss://")];
    for (scheme, instead) in replaced {
        if let Some(rest) = url.strip_prefix(scheme) {
            return format!("{instead}{rest}").into();
        }
    }
    let port = url.rsplit_once(':').map(|(_, port)| port.parse::<u16>());
    match port {
        Some(Ok(_)) if !url.contains("://") => format!("ws://{url}").into(),
        _ => url.into(),
    }
}

/// What to do about a failed connection to `tried`.
fn hint(error: &ConnectError, tried: &str) -> String {
    match error {
        ConnectError::Unauthorized { .. } => {
            "give the token that the engine was started with: `--token-file FILE`, \
             `--token-env NAME`, or PIPEWRIGHT_TOKEN"
                .to_owned()
        }
        ConnectError::TurnedAway { .. } => {
            "check the token, and what its role allows; the engine's log has the reason".to_owned()
        }
        ConnectError::Tls { .. } => {
            "trust the certificate's authority with `--ca FILE`; if the engine has no certificate, \
             its address begins with ws://"
                .to_owned()
        }
        ConnectError::Rejected { status: 404, .. } => {
            let path = tried.splitn(4, '/').nth(3).unwrap_or_default();
            format!(
                "leave out the path `/{path}`; an engine's address is like ws://127.0.0.1:49134"
            )
        }
        ConnectError::NotAnEngine { .. } => {
            "check the port; if the engine has a certificate, its address begins with wss://"
                .to_owned()
        }
        ConnectError::Unreachable { source, .. } if is_unresolved(source) => {
            format!("check the name of the host in {tried}")
        }
        ConnectError::InvalidHeader { .. } => {
            "a token is one line of visible ASCII characters".to_owned()
        }
        _ => format!(
            "start an engine with `pipewright engine`, or name one with `--url` (tried {tried})"
        ),
    }
}

/// Whether the name of the host has no address.
fn is_unresolved(error: &io::Error) -> bool {
    error.to_string().contains("lookup address")
}

#[cfg(test)]
mod tests {
    use super::web_socket;

    #[test]
    fn address_may_be_bare_or_that_of_the_dashboard() {
        for (given, expected) in [
            ("127.0.0.1:49134", "ws://127.0.0.1:49134"),
            ("http://a:1/", "ws://a:1/"),
            ("https://a:1", "wss://a:1"),
            ("wss://a", "wss://a"),
            ("ftp://a:1", "ftp://a:1"),
            ("nonsense", "nonsense"),
        ] {
            assert_eq!(web_socket(given), expected);
        }
    }
}
