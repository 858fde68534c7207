use std::path::{Path, PathBuf};

use clap::Args;
use pipewright::{EngineBuilder, Role};
use serde::Deserialize;

use crate::engine_client::token::Token;
use crate::exit::Exit;
use crate::failure::Failure;

/// Access control and encryption of an engine.
#[derive(Args)]
#[command(next_help_heading = "Security")]
pub(crate) struct Security {
    #[command(flatten)]
    token: Token,
    /// Tokens that may register and trigger only some functions; see the examples.
    #[arg(long, value_name = "FILE")]
    roles: Option<PathBuf>,
    /// Serve only wss://, with this certificate chain (PEM), starting with the engine's own
    /// certificate.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Private key of the certificate (PEM).
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Accept only clients with a certificate of these authorities (PEM).
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_client_ca: Option<PathBuf>,
}

/// The file of `--roles`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Roles {
    role: Vec<Entry>,
}

/// A token, and patterns of function ids in which `*` matches any characters.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    token_env: Option<String>,
    token_file: Option<PathBuf>,
    #[serde(default)]
    register: Vec<String>,
    #[serde(default)]
    trigger: Vec<String>,
    /// Whether it may create channels.
    #[serde(default)]
    channels: bool,
}

impl Security {
    /// Applies all settings.
    pub(crate) fn apply(&self, mut engine: EngineBuilder) -> Result<EngineBuilder, Failure> {
        if let Some(token) = self.token.read()? {
            engine = engine.bearer_token(token);
        }
        if let Some(path) = &self.roles {
            engine = roles(engine, path)?;
        }
        if let (Some(certificate), Some(key)) = (&self.tls_cert, &self.tls_key) {
            engine = engine.tls(read(certificate)?, read(key)?);
            if let Some(authorities) = &self.tls_client_ca {
                engine = engine.client_authorities(read(authorities)?);
            }
        }
        Ok(engine)
    }
}

fn roles(mut engine: EngineBuilder, path: &Path) -> Result<EngineBuilder, Failure> {
    let wrong = |told: String| {
        Failure::new(Exit::Usage, format!("{}: {told}", path.display()))
            .hint("`pipewright engine --help` shows what a file of roles looks like")
    };
    let text = String::from_utf8(read(path)?).map_err(|error| wrong(error.to_string()))?;
    let Roles { role } = toml::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    if role.is_empty() {
        let told =
            "it has no role, so no client could connect; add a `[[role]]`, or leave `--roles` out";
        return Err(wrong(told.into()));
    }
    for entry in role {
        // Relative to the file of roles, wherever the engine is started.
        let directory = path.parent().unwrap_or(Path::new(""));
        let token_file = entry.token_file.map(|file| directory.join(file));
        let token = Token::at(entry.token_env, token_file).read()?;
        let token = token.ok_or_else(|| wrong("a role has no token_env or token_file".into()))?;
        let limits = entry.register.into_iter().fold(Role::new(), Role::register);
        let mut limits = entry.trigger.into_iter().fold(limits, Role::trigger);
        if entry.channels {
            limits = limits.create_channels();
        }
        engine = engine.role(token, limits);
    }
    Ok(engine)
}

/// Reads a file named on the command line.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| {
        let told = format!("cannot read the file {}: {error}", path.display());
        Failure::new(Exit::Usage, told).hint("name a file that is there and may be read")
    })
}
