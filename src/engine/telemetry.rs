use std::future::poll_fn;

use super::core::Core;
use super::farewell::{self, Parting};
use super::newcomers::Newcomer;
use crate::transport::{Received, Transport};
use crate::wire::Close;

/// Serves `/otel`: accepts everything and discards it. SDKs that are refused here log errors and
/// retry for ever (`docs/protocol.md` section 7). The transport answers pings.
pub(super) async fn discard<T: Transport>(
    socket: &mut T,
    core: &Core,
    newcomer: Newcomer,
) -> Parting {
    let (cut, mut newcomer) = (newcomer.cut(), Some(newcomer));
    let end = async {
        loop {
            match poll_fn(|cx| socket.poll_receive(cx)).await {
                Received::Frame(_) | Received::Pong => newcomer = None,
                Received::Closed(_) => return None,
                Received::Lost(error) => return Some(error),
            }
        }
    };
    tokio::select! {
        biased;
        end = end => match end {
            None => farewell::answer(socket).await,
            Some(error) => farewell::broken(socket, error).await,
        },
        () = cut.cancelled() => Parting::Done,
        () = core.stopping.cancelled() => {
            farewell::close(socket, Close::STOPPING, farewell::BRIEF).await
        }
    }
}
