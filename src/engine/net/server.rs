use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::OwnedSemaphorePermit;

use super::super::channels::{Heartbeat, ReaderSession, WriterSession};
use super::super::control::Session;
use super::super::core::Core;
use super::super::http::{self, Accepted, Route};
use super::super::metrics::Reason;
use super::closing::{self, CloseOutcome};
use super::handshake::HandshakeExtensions;
use super::listen::OverTcp;
use super::pending_connections::PendingConnection;
use super::telemetry;
#[cfg(feature = "tls")]
use super::tls;
use crate::transport::{
    PeerExtensions, WebSocket, WebSocketLimits, acknowledged_within, keep_alive,
};
use crate::wire::Close;

/// Encrypts connections.
#[cfg(feature = "tls")]
pub(in crate::engine) type Acceptor = tokio_rustls::TlsAcceptor;
/// Without the feature `tls`, connections cannot be encrypted.
#[cfg(not(feature = "tls"))]
#[derive(Clone)]
pub(in crate::engine) enum Acceptor {}

/// How long to pause when no connection can be accepted, usually for lack of file descriptors. An
/// immediate retry would fail again and occupy a whole core.
const ACCEPT_REST: Duration = Duration::from_millis(100);

/// Accepts connections until the engine stops, with one task for each connection.
pub(in crate::engine) async fn serve(
    listener: TcpListener,
    acceptor: Option<Acceptor>,
    core: Arc<Core>,
) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = core.stopping.cancelled() => return,
        };
        match accepted {
            Ok((stream, peer)) => admit(stream, peer.ip().to_canonical(), acceptor.as_ref(), &core),
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "cannot accept connections");
                tokio::time::sleep(ACCEPT_REST).await;
            }
        }
    }
}

/// Serves a connection in a task of its own, if there is room for it.
fn admit(stream: TcpStream, peer: IpAddr, acceptor: Option<&Acceptor>, core: &Arc<Core>) {
    core.metrics.accepted();
    if let Ok(permit) = Arc::clone(&core.connections).try_acquire_owned() {
        let served = connection(stream, peer, acceptor.cloned(), Arc::clone(core), permit);
        core.tasks.spawn(served);
    } else {
        core.metrics.refused(Reason::Connections);
        // No warning, because a flood of connections would flood the log as well.
        tracing::debug!("refused a connection beyond the limit");
        if let Ok(permit) = Arc::clone(&core.refusals).try_acquire_owned() {
            let refused = refuse(stream, core.limits.connections, permit);
            core.tasks.spawn(refused);
        }
    }
}

/// Whether the error affects only the current connection.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
    )
}

/// Answers a connection beyond the limit and reads its input: closing a socket with unread input
/// would destroy the answer. `_permit` counts the connection. If there are no permits, connections
/// are closed without an answer.
async fn refuse(mut stream: TcpStream, limit: usize, _permit: OwnedSemaphorePermit) {
    let message = format!("the engine has {limit} connections, its limit; try again later\n");
    let response = format!(
        "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\n\
         Content-Type: text/plain\r\nContent-Length: {}\r\n\r\n{message}",
        message.len()
    );
    // Sends only what fits into the socket's buffer.
    match stream.write(response.as_bytes()).now_or_never() {
        Some(Ok(_)) => closing::drain(stream).await,
        Some(Err(error)) => tracing::debug!(%error, "a connection beyond the limit went away"),
        None => {}
    }
}

/// Serves a connection; `_permit` counts it.
async fn connection(
    stream: TcpStream,
    peer: IpAddr,
    acceptor: Option<Acceptor>,
    core: Arc<Core>,
    _permit: OwnedSemaphorePermit,
) {
    let pending_connection = core.pending_connections.enter(&core.metrics);
    // Without it the second of two small writes waits for a delayed acknowledgement, about 40 ms
    // (`docs/protocol.md` section 1.1).
    if stream.set_nodelay(true).is_err() {
        return;
    }
    // The ends of channels receive no pings.
    if let Err(error) = keep_alive(&stream, core.limits.keep_alive) {
        tracing::debug!(%error, "a connection without TCP keep-alive");
    }
    match acceptor {
        None => session(stream, &core, pending_connection, peer).await,
        #[cfg(feature = "tls")]
        Some(acceptor) => {
            let cut = pending_connection.cut();
            let encrypted = tokio::select! {
                encrypted = tls::accept(&acceptor, stream, core.limits.handshake) => encrypted,
                () = core.stopping.cancelled() => return,
                () = cut.cancelled() => return,
            };
            if let Some(stream) = encrypted {
                session(stream, &core, pending_connection, peer).await;
            }
        }
        #[cfg(not(feature = "tls"))]
        Some(never) => match never {},
    }
}

/// Serves a connection from its request on.
async fn session<S>(
    stream: S,
    core: &Arc<Core>,
    pending_connection: PendingConnection,
    peer: IpAddr,
) where
    S: OverTcp + AsyncRead + AsyncWrite + Unpin + Send + Sync,
{
    let cut = pending_connection.cut();
    let accepted = tokio::select! {
        accepted = http::accept(stream, core) => accepted,
        () = core.stopping.cancelled() => return,
        () = cut.cancelled() => return,
    };
    let Some(Accepted {
        stream,
        read,
        route,
        extensions,
    }) = accepted
    else {
        return;
    };
    let HandshakeExtensions {
        heartbeat,
        ownership,
        message_limit,
        reattach_within,
    } = extensions;
    let heartbeats = Heartbeat::new(heartbeat);
    // A writer gets only short messages: one that is not acknowledged is lost, not delayed.
    if matches!(route, Route::Writer(_))
        && let Err(error) = acknowledged_within(stream.tcp(), core.limits.keep_alive.dead_after)
    {
        tracing::debug!(%error, "a writer without a timeout for acknowledgements");
    }
    let open = |limits: WebSocketLimits| {
        WebSocket::accepted(stream, read, limits)
            .charged(core.incoming.account())
            .agree(PeerExtensions {
                message_limit,
                ping_every: heartbeat,
                reattach_within,
            })
    };
    let (socket, parting) = match route {
        Route::Control(role) => {
            let mut socket = open(core.limits.control());
            let parting = Session::new(&mut socket, core, role, ownership, Some(peer))
                .pending_connection(pending_connection)
                .run()
                .await;
            (socket, parting)
        }
        Route::Telemetry => {
            let mut socket = open(core.limits.telemetry());
            let parting = telemetry::discard(&mut socket, core, pending_connection).await;
            (socket, parting)
        }
        Route::Taken => {
            let mut socket = open(core.limits.reader());
            let parting = closing::close(&mut socket, Close::default(), closing::BRIEF).await;
            (socket, parting)
        }
        Route::Reader(end) => {
            // The client has presented a valid key.
            drop(pending_connection);
            let mut socket = open(core.limits.reader());
            let parting = ReaderSession::new(&mut socket, end, heartbeats)
                .run(core, &ownership)
                .await;
            (socket, parting)
        }
        Route::Writer(end) => {
            drop(pending_connection);
            let mut socket = open(core.limits.writer());
            let parting = WriterSession::new(&mut socket, end, heartbeats, core.limits.behaviour)
                .run(core, &ownership)
                .await;
            (socket, parting)
        }
    };
    if parting == CloseOutcome::Refused {
        closing::drain(socket.into_inner()).await;
    }
}
