use clap::Args;
use pipewright::{Address, Error, Worker};

use super::exit::Exit;
use super::failure::Failure;

/// Which engine a command works on.
#[derive(Args)]
#[command(next_help_heading = "Engine")]
pub(super) struct Connect {
    /// The engine's address.
    #[arg(
        long,
        value_name = "URL",
        env = "PIPEWRIGHT_ENGINE_URL",
        hide_env_values = true,
        default_value = "ws://127.0.0.1:49134"
    )]
    url: String,
    /// Give the engine the bearer token in this environment variable.
    #[arg(long, value_name = "NAME")]
    token_env: Option<String>,
}

impl Connect {
    /// Where the engine is, with what it asks for.
    pub(super) fn address(&self) -> Result<Address, Failure> {
        let address = self.url.parse::<Address>().map_err(|error| {
            let failure = Failure::new(Exit::Usage, error);
            failure.hint("an engine's address is like ws://127.0.0.1:49134")
        })?;
        Ok(match &self.token_env {
            Some(name) => address.bearer_token(token_of(name)?),
            None => address,
        })
    }

    /// Connects as a worker that registers nothing.
    pub(super) async fn worker(&self) -> Result<Worker, Failure> {
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

/// The token in an environment variable, so that no list of processes shows it.
pub(super) fn token_of(variable: &str) -> Result<String, Error> {
    std::env::var(variable).map_err(|error| {
        Error::msg(format!(
            "the environment variable {variable} holds no token: {error}"
        ))
    })
}
