use std::sync::Arc;

use bytes::Bytes;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};

use super::{Route, Routes, WriteTimeout};
use crate::engine::core::Core;
use crate::engine::net::handshake::HandshakeExtensions;
use crate::transport::CENTURY;

/// A connection after its handshake.
pub(in crate::engine) struct Accepted<S> {
    pub(in crate::engine) stream: S,
    /// Bytes that the client sent after its request without waiting for the response.
    pub(in crate::engine) read: Bytes,
    pub(in crate::engine) route: Route,
    pub(in crate::engine) extensions: HandshakeExtensions,
}

/// Serves HTTP until a request is upgraded; `None` if the connection ended before.
///
/// A client that was refused or received a page may send another request on the same connection.
/// Each header section must arrive within the handshake timeout, and a client that does not read
/// its response for that long is disconnected.
pub(in crate::engine) async fn accept<S>(stream: S, core: &Arc<Core>) -> Option<Accepted<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let limit = core.limits.handshake;
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        // hyper adds the timeout to the current time, which must not overflow.
        .header_read_timeout(limit.min(CENTURY))
        .serve_connection(
            TokioIo::new(WriteTimeout::new(stream, limit)),
            Routes::new(core),
        )
        // Returns the stream itself; `with_upgrades` would return a boxed stream, with a virtual
        // call for each frame.
        .without_shutdown()
        .await;
    match served {
        Ok(parts) => {
            let (route, extensions) = parts.service.into_upgraded()?;
            Some(Accepted {
                stream: parts.io.into_inner().into_inner(),
                read: parts.read_buf,
                route,
                extensions,
            })
        }
        Err(error) => {
            tracing::debug!(%error, "a connection ended before its handshake");
            None
        }
    }
}
