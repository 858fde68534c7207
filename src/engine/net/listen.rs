//! The sockets on which an engine accepts connections.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::{TcpListener, TcpSocket, TcpStream, lookup_host};

use super::super::EngineError;
use crate::wire::EngineUrl;

/// A stream over TCP, encrypted or not.
pub(in crate::engine) trait OverTcp {
    fn tcp(&self) -> &TcpStream;
}

impl OverTcp for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

/// Socket buffer size in each direction (Linux doubles it).
///
/// The operating system's default may grow to 4 MiB and more, and a pong or a close has to wait for
/// all of it. A Python reader that reads 300 KiB per second would then time out waiting for its
/// pong, and end its stream as if it were complete (`docs/protocol.md` section 8.33). A larger
/// buffer is not faster on one machine.
const SOCKET_BUFFER: u32 = 256 << 10;

/// Number of connections that may wait to be accepted; the default of `TcpListener::bind`.
const BACKLOG: u32 = 1024;

/// Number of attempts to find a port that is free on all addresses of the name.
const PORTS: usize = 32;

/// Listens on every address of `address`, `host:port`, at the same port. Returns the URL of the
/// first.
pub(in crate::engine) async fn listen(
    scheme: &str,
    address: &str,
    protected: bool,
) -> Result<(Vec<TcpListener>, EngineUrl), EngineError> {
    let failed = |source| EngineError::Listen {
        address: address.to_owned(),
        source,
    };
    let mut resolved: Vec<SocketAddr> = Vec::new();
    for found in lookup_host(address).await.map_err(failed)? {
        if !resolved.contains(&found) {
            resolved.push(found);
        }
    }
    if !protected && !resolved.iter().all(|address| address.ip().is_loopback()) {
        return Err(EngineError::Unprotected {
            address: address.to_owned(),
        });
    }
    let (listeners, first) = listen_on_each(&resolved).map_err(failed)?;
    let url = url_of(scheme, first).map_err(failed)?;
    Ok((listeners, url))
}

fn listen_on_each(addresses: &[SocketAddr]) -> io::Result<(Vec<TcpListener>, SocketAddr)> {
    let mut outcome = at_one_port(addresses);
    for _ in 1..PORTS {
        let any_port = addresses.iter().all(|address| address.port() == 0);
        match &outcome {
            Err(error) if any_port && error.kind() == io::ErrorKind::AddrInUse => {
                outcome = at_one_port(addresses);
            }
            _ => break,
        }
    }
    outcome
}

/// Skips addresses that this machine does not have, such as `::1` where IPv6 is disabled. Fails if
/// none is left.
fn at_one_port(addresses: &[SocketAddr]) -> io::Result<(Vec<TcpListener>, SocketAddr)> {
    let mut listeners = Vec::new();
    let mut first: Option<SocketAddr> = None;
    let mut missing = io::Error::new(io::ErrorKind::InvalidInput, "the name has no address");
    for &address in addresses {
        let mut address = address;
        if let Some(first) = first {
            address.set_port(first.port());
        }
        match listen_on(address) {
            Ok(listener) => {
                first = first.or(Some(listener.local_addr()?));
                listeners.push(listener);
            }
            Err(error) if is_missing(&error) => {
                tracing::debug!(%address, %error, "this machine does not have the address");
                missing = error;
            }
            Err(error) => return Err(error),
        }
    }
    first.map(|first| (listeners, first)).ok_or(missing)
}

/// Whether the machine does not have the address or its family.
fn is_missing(error: &io::Error) -> bool {
    /// `EAFNOSUPPORT`, for which the standard library has no kind.
    #[cfg(target_os = "linux")]
    const NO_FAMILY: Option<i32> = Some(97);
    #[cfg(not(target_os = "linux"))]
    const NO_FAMILY: Option<i32> = None;
    error.kind() == io::ErrorKind::AddrNotAvailable
        || (NO_FAMILY.is_some() && error.raw_os_error() == NO_FAMILY)
}

fn listen_on(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // The same option as in `TcpListener::bind`.
    #[cfg(not(windows))]
    socket.set_reuseaddr(true)?;
    // Connections inherit both.
    socket.set_send_buffer_size(SOCKET_BUFFER)?;
    socket.set_recv_buffer_size(SOCKET_BUFFER)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// The URL of a listener for workers on this machine.
fn url_of(scheme: &str, mut address: SocketAddr) -> io::Result<EngineUrl> {
    if address.ip().is_unspecified() {
        // Replaces the unspecified address, which not every system can connect to.
        address.set_ip(match address {
            SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
            SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        });
    }
    format!("{scheme}://{address}")
        .parse()
        .map_err(|error| io::Error::new(io::ErrorKind::AddrNotAvailable, error))
}
