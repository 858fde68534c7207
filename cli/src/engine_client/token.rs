use std::path::PathBuf;

use clap::Args;

use crate::exit::Exit;
use crate::failure::Failure;

/// The source of a bearer token. Never the command line, which is visible in the process list.
#[derive(Args)]
#[group(multiple = false)]
pub(crate) struct Token {
    /// Environment variable that contains the bearer token.
    #[arg(long, value_name = "NAME")]
    token_env: Option<String>,
    /// File that contains the bearer token.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

impl Token {
    /// From an environment variable, or else a file.
    pub(crate) fn at(token_env: Option<String>, token_file: Option<PathBuf>) -> Self {
        Self {
            token_env,
            token_file,
        }
    }

    /// The token in `PIPEWRIGHT_TOKEN`, if that is set.
    pub(crate) fn from_env() -> Result<Option<String>, Failure> {
        match std::env::var("PIPEWRIGHT_TOKEN") {
            Ok(token) if !token.trim().is_empty() => {
                usable(&token, "the environment variable PIPEWRIGHT_TOKEN")
            }
            Err(std::env::VarError::NotUnicode(_)) => {
                usable("\u{fffd}", "the environment variable PIPEWRIGHT_TOKEN")
            }
            _ => Ok(None),
        }
    }

    /// Reads the token, if one is configured.
    pub(crate) fn read(&self) -> Result<Option<String>, Failure> {
        if let Some(name) = &self.token_env {
            let told = |error| {
                Failure::new(
                    Exit::Usage,
                    format!("the environment variable {name} holds no token: {error}"),
                )
                .hint("put the token into it, or name a file that holds it with `--token-file`")
            };
            let token = std::env::var(name).map_err(told)?;
            return usable(&token, &format!("the environment variable {name}"));
        }
        let Some(path) = &self.token_file else {
            return Ok(None);
        };
        let told = |error| {
            let place = path.display();
            Failure::new(
                Exit::Usage,
                format!("cannot read the token in {place}: {error}"),
            )
            .hint("name a file that this user may read, with nothing but the token in it")
        };
        let text = std::fs::read_to_string(path).map_err(told)?;
        // Some editors start a file with a byte order mark.
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let token = text.trim_end_matches(['\r', '\n']);
        usable(token, &format!("the file {}", path.display()))
    }
}

/// Checks that a header can carry the token.
fn usable(token: &str, place: &str) -> Result<Option<String>, Failure> {
    let problem = if token.trim().is_empty() {
        "is empty"
    } else if token.contains(['\r', '\n']) {
        "has more than one line"
    } else if !token.chars().all(|c| matches!(c, ' '..='~')) {
        "has characters that a header does not allow"
    } else if token.trim() != token {
        "begins or ends with a space"
    } else {
        return Ok(Some(token.to_owned()));
    };
    let told = format!("the bearer token in {place} {problem}");
    Err(Failure::new(Exit::Usage, told).hint("a token is one line of visible ASCII characters"))
}
