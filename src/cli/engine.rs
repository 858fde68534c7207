//! `pipewright engine`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use pipewright::{Engine, Error, Result};

#[derive(Args)]
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
pub(super) async fn run(arguments: Arguments) -> Result<()> {
    // Before anything is said, so that whoever reads it can stop the engine.
    let stop = Stop::listen()?;
    let mut builder = Engine::builder().listen(arguments.listen);
    if let Some(name) = arguments.token_env {
        let token = std::env::var(&name).map_err(|error| {
            Error::msg(format!(
                "the environment variable {name} holds no token: {error}"
            ))
        })?;
        builder = builder.bearer_token(token);
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
    stop.wait().await;
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

/// The signals that ask the program to stop: SIGINT and SIGTERM, or Ctrl-C.
struct Stop {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(windows)]
    ctrl_c: tokio::signal::windows::CtrlC,
}

impl Stop {
    #[cfg(unix)]
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    #[cfg(unix)]
    async fn wait(mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    #[cfg(windows)]
    fn listen() -> io::Result<Self> {
        let ctrl_c = tokio::signal::windows::ctrl_c()?;
        Ok(Self { ctrl_c })
    }

    #[cfg(windows)]
    async fn wait(mut self) {
        self.ctrl_c.recv().await;
    }
}
