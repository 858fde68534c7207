//! `pipewright engine`.

use std::path::PathBuf;

use clap::Args;
use pipewright::{Engine, Error};

use super::limits::Limits;
use super::ready_file::{Published, ReadyFile};
use super::security::Security;
use crate::failure::Failure;
use crate::terminal::output::print;
use crate::terminal::print_error::print_error;
use crate::terminal::signals::Signals;

#[derive(Args)]
#[command(after_help = "\
Examples:
  pipewright engine
  pipewright engine --listen 127.0.0.1:0 --ready-file url
  pipewright engine --max-channels 1000 --max-channel-bytes 4MiB --channel-ttl 1min
  pipewright engine --listen 0.0.0.0:49134 --token-file token --tls-cert cert.pem --tls-key key.pem
  pipewright engine --roles roles.toml

A roles file has one entry per token; in patterns, `*` matches any characters:
  [[role]]
  token_file = \"thumbnailer.token\"   # beside this file; or token_env = \"NAME\"
  register = [\"thumbnails::*\"]
  trigger = [\"storage::get\"]
  channels = true                     # required to run pipelines")]
pub(crate) struct Arguments {
    /// Address to listen on, at every address of HOST; port 0 selects a free port.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:49134")]
    listen: String,
    /// Write the URL to this file when the engine listens, and remove the file at the end, unless
    /// another engine has replaced it.
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
    /// Do not serve the dashboard.
    #[arg(long)]
    no_dashboard: bool,
    #[command(flatten)]
    security: Security,
    #[command(flatten)]
    limits: Limits,
}

/// Serves until the program is asked to stop.
pub(crate) async fn run(arguments: Arguments) -> Result<(), Failure> {
    // Before any output, so that a program that reads it can stop the engine.
    let mut signals = Signals::listen()?;
    let builder = Engine::builder()
        .listen(arguments.listen)
        .dashboard(!arguments.no_dashboard);
    let builder = arguments.security.apply(arguments.limits.apply(builder))?;
    let ready_file = arguments.ready_file.map(ReadyFile::prepare).transpose()?;
    let engine = builder.start().await?;
    let url = engine
        .url()
        .ok_or_else(|| Error::msg("the engine does not listen"))?
        .to_string();
    print(&format!("engine ready at {url}\n"))?;
    if !arguments.no_dashboard {
        // `ws` corresponds to `http`, and `wss` to `https`.
        let page = url.replacen("ws", "http", 1);
        print_error(format_args!("hint: {page} shows in a browser what runs"));
    }
    let published = ready_file
        .map(|file| file.publish(&format!("{url}\n")))
        .transpose()?;
    let _ = signals.next().await;
    engine.shutdown().await;
    published.map_or(Ok(()), Published::remove)
}
