use std::future::poll_fn;

use super::super::core::Core;
use super::closing::{self, CloseOutcome};
use super::pending_connections::PendingConnection;
use crate::transport::{Received, Transport};
use crate::wire::Close;

/// Serves `/otel`: accepts everything and discards it. If this path is refused, SDKs log errors and
/// retry forever (`docs/protocol.md` section 7). The transport answers pings.
pub(in crate::engine) async fn discard<T: Transport>(
    socket: &mut T,
    core: &Core,
    pending_connection: PendingConnection,
) -> CloseOutcome {
    let (cut, mut pending_connection) = (pending_connection.cut(), Some(pending_connection));
    let end = async {
        loop {
            match poll_fn(|cx| socket.poll_receive(cx)).await {
                Received::Frame(_) | Received::Pong => pending_connection = None,
                Received::Closed(_) => return None,
                Received::Lost(error) => return Some(error),
            }
        }
    };
    tokio::select! {
        biased;
        end = end => match end {
            None => closing::answer(socket).await,
            Some(error) => closing::broken(socket, error).await,
        },
        () = cut.cancelled() => CloseOutcome::Done,
        () = core.stopping.cancelled() => {
            closing::close(socket, Close::STOPPING, closing::BRIEF).await
        }
    }
}
