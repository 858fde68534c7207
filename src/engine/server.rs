use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};

use super::channels::{Beat, ReaderSession, WriterSession};
use super::control::Session;
use super::core::Core;
use super::farewell::{self, Parting};
use super::http::{self, Accepted, Route};
use super::telemetry;
use crate::transport::{WebSocket, WebSocketLimits};

/// How long to rest when no connection can be accepted, for want of file descriptors mostly:
/// asking again at once would fail again and take a whole core.
const ACCEPT_REST: Duration = Duration::from_millis(100);

/// Accepts connections until the engine stops. One task a connection, from its request to its end.
pub(super) async fn serve(listener: TcpListener, core: Arc<Core>) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = core.stopping.cancelled() => return,
        };
        match accepted {
            Ok((stream, _)) => {
                core.tasks.spawn(connection(stream, Arc::clone(&core)));
            }
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "cannot accept connections");
                tokio::time::sleep(ACCEPT_REST).await;
            }
        }
    }
}

/// Whether only the connection that was about to be accepted has failed.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
    )
}

async fn connection(stream: TcpStream, core: Arc<Core>) {
    // Without it the second of two small writes waits for a delayed acknowledgement, about 40 ms
    // (`protocol.md` 1.1).
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let accepted = tokio::select! {
        accepted = http::accept(stream, &core) => accepted,
        () = core.stopping.cancelled() => return,
    };
    let Some(Accepted {
        stream,
        read,
        route,
        heartbeat,
    }) = accepted
    else {
        return;
    };
    let open = |limits: WebSocketLimits| WebSocket::accepted(stream, read, limits);
    let (socket, parting) = match route {
        Route::Control => {
            let mut socket = open(core.limits.control());
            let parting = Session::new(&mut socket, &core).run().await;
            (socket, parting)
        }
        Route::Telemetry => {
            let mut socket = open(core.limits.telemetry());
            let parting = telemetry::discard(&mut socket, &core).await;
            (socket, parting)
        }
        Route::Reader(end) => {
            let mut socket = open(core.limits.reader());
            let parting = ReaderSession::new(&mut socket, end, Beat::new(heartbeat))
                .run(&core)
                .await;
            (socket, parting)
        }
        Route::Writer(end) => {
            let mut socket = open(core.limits.writer());
            let parting = WriterSession::new(&mut socket, end, Beat::new(heartbeat))
                .run(&core)
                .await;
            (socket, parting)
        }
    };
    if parting == Parting::Refused {
        farewell::drain(socket.into_inner()).await;
    }
}
