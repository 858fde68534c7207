//! `pipewright engine`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use pipewright::{Engine, Error};

use super::connect::token_of;
use super::failure::Failure;
use super::signals::Signals;

#[derive(Args)]
#[command(after_help = "\
Examples:
  pipewright engine
  pipewright engine --listen 127.0.0.1:0 --ready-file url
  TOKEN=s3cret pipewright engine --listen 0.0.0.0:49134 --token-env TOKEN")]
pub(super) struct Arguments {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:49134")]
    listen: String,
    /// Ask workers for the bearer token in this environment variable. Needed to listen on an
    /// address that other machines can reach.
    #[arg(long, value_name = "NAME")]
    token_env: Option<String>,
    /// Write the URL to this file once the engine listens, and remove the file at the end.
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
}

/// Serves until the program is asked to stop.
pub(super) async fn run(arguments: Arguments) -> Result<(), Failure> {
    // Before anything is said, so that whoever reads it can stop the engine.
    let mut signals = Signals::listen()?;
    let mut builder = Engine::builder().listen(arguments.listen);
    if let Some(name) = arguments.token_env {
        builder = builder.bearer_token(token_of(&name)?);
    }
    let engine = builder.start().await?;
    let url = engine
        .url()
        .ok_or_else(|| Error::msg("the engine does not listen"))?
        .to_string();
    writeln!(io::stdout(), "engine ready at {url}")?;
    if let Some(path) = &arguments.ready_file {
        write_whole(path, &format!("{url}\n"))?;
    }
    signals.next().await;
    engine.shutdown().await;
    if let Some(path) = &arguments.ready_file {
        std::fs::remove_file(path)?;
    }
    Ok(())
}

/// Writes a file so that nobody sees a part of it.
fn write_whole(path: &Path, content: &str) -> io::Result<()> {
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    std::fs::write(&part, content)?;
    std::fs::rename(part, path)
}
