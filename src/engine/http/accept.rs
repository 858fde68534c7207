use std::sync::Arc;

use bytes::Bytes;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};

use super::{Patience, Routes};
use crate::engine::access::Role;
use crate::engine::channels::{ReaderEnd, WriterEnd};
use crate::engine::core::Core;
use crate::engine::terms::Terms;
use crate::transport::CENTURY;

/// A connection after its handshake.
pub(in crate::engine) struct Accepted<S> {
    pub(in crate::engine) stream: S,
    /// Bytes that the client sent after its request without waiting for the response.
    pub(in crate::engine) read: Bytes,
    pub(in crate::engine) route: Route,
    pub(in crate::engine) terms: Terms,
}

/// The purpose of a connection.
pub(in crate::engine) enum Route {
    /// A worker with the permissions of the role.
    Control(Arc<Role>),
    Telemetry,
    Reader(ReaderEnd),
    Writer(WriterEnd),
    /// An end that was opened before: accepted and closed, as an iii engine does.
    Taken,
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
        // hyper adds it to the current time.
        .header_read_timeout(limit.min(CENTURY))
        .serve_connection(
            TokioIo::new(Patience::new(stream, limit)),
            Routes::new(core),
        )
        // Gives the stream itself back; `with_upgrades` would give it in a box that is called
        // for each frame.
        .without_shutdown()
        .await;
    match served {
        Ok(parts) => {
            let (route, terms) = parts.service.into_upgraded()?;
            Some(Accepted {
                stream: parts.io.into_inner().into_inner(),
                read: parts.read_buf,
                route,
                terms,
            })
        }
        Err(error) => {
            tracing::debug!(%error, "a connection ended before its handshake");
            None
        }
    }
}
