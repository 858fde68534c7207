use std::path::PathBuf;

use clap::Args;
use pipewright::{Address, Worker};

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
                token in III_TOKEN is sent where none is given"
    )]
    url: Option<String>,
    #[command(flatten)]
    token: Token,
    /// Trust these certificate authorities (PEM), in addition to those of the system.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Client certificate chain (PEM), starting with the program's own certificate.
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,
    /// Private key of the client certificate (PEM).
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
}

impl Connect {
    /// The address of the engine, with credentials.
    pub(crate) fn address(&self) -> Result<Address, Failure> {
        // An empty variable counts as not set.
        let url = self.url.as_deref().filter(|url| !url.trim().is_empty());
        let address = url.map_or_else(Address::from_env, str::parse);
        let address = address.map_err(|error| {
            let failure = Failure::new(Exit::Usage, error);
            failure.hint("an engine's address is like ws://127.0.0.1:49134")
        })?;
        let address = match self.token.read()? {
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
        let address = self.address()?;
        let tried = address.to_string();
        let builder = Worker::builder(address).description("the program pipewright");
        builder.connect().await.map_err(|error| {
            Failure::from(error).hint(format!(
                "start an engine with `pipewright engine`, or name one with `--url` (tried {tried})"
            ))
        })
    }
}
