use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};

use socket2::SockRef;
use tokio::net::TcpStream;

/// Counts the stalled directions of a connection, and stops its TCP acknowledgements once both are
/// stalled.
#[derive(Debug, Default)]
pub(super) struct DeadLine {
    stalled: AtomicUsize,
}

impl DeadLine {
    /// Records that one direction has stalled for the first time. After the second, both sockets
    /// drop all arriving segments before TCP sees them, so that neither peer receives an
    /// acknowledgement.
    ///
    /// # Errors
    ///
    /// Fails if the operating system cannot attach the filter to a socket.
    pub(super) fn stall(&self, sockets: [&TcpStream; 2]) -> io::Result<()> {
        if self.stalled.fetch_add(1, Ordering::Relaxed) == 0 {
            return Ok(());
        }
        sockets.into_iter().try_for_each(deafen)
    }
}

/// Drops every segment that arrives (`socket(7)`, `SO_ATTACH_FILTER`).
#[cfg(any(target_os = "linux", target_os = "android"))]
fn deafen(socket: &TcpStream) -> io::Result<()> {
    /// `BPF_RET | BPF_K` with 0: keep no bytes.
    const DROP: [socket2::SockFilter; 1] = [socket2::SockFilter::new(0x06, 0, 0, 0)];
    SockRef::from(socket).attach_filter(&DROP)
}

/// Other systems have no such filter, so only the bytes stall.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn deafen(socket: &TcpStream) -> io::Result<()> {
    let _ = SockRef::from(socket);
    Ok(())
}
