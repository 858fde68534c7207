use anyhow::{Context, Result};
use tokio::net::TcpStream;

/// The location of the engine.
#[derive(Clone)]
pub(crate) struct Host(String);

impl Host {
    /// The host of an engine's URL, `ws://host:port`.
    pub(crate) fn of(url: &str) -> Result<Self> {
        let rest = url.strip_prefix("ws://").context("a ws:// address")?;
        let host = rest.split('/').next().unwrap_or_default();
        Ok(Self(host.to_owned()))
    }

    pub(crate) fn name(&self) -> &str {
        &self.0
    }

    pub(crate) async fn dial(&self) -> std::io::Result<TcpStream> {
        TcpStream::connect(&self.0).await
    }
}
