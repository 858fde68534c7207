//! TCP connections: choosing an address, and detecting a dead peer.

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, sleep_until};

use super::{KeepAlive, later};

/// How long one address is tried before the next is tried in parallel (RFC 8305 section 8).
const HEAD_START: Duration = Duration::from_millis(250);

/// The longest interval of probes on Linux, nine hours.
const LONGEST: Duration = Duration::from_secs(32_767);

/// The shortest interval of probes.
const SHORTEST: Duration = Duration::from_secs(1);

/// Connects to the first address of `host` that answers (happy eyeballs, RFC 8305). An address that
/// does not respond delays the next one by 250 ms.
///
/// This is implemented here because the only maintained connector, hyper-util's, would add an HTTP
/// client to builds without an engine. That connector also tries the addresses of one family one
/// after the other.
///
/// # Errors
///
/// Returns the error of the last address that failed, or an error if the name has no address.
///
/// # Cancel safety
///
/// Dropping the future abandons every attempt.
pub(crate) async fn connect(host: &str, port: u16) -> io::Result<TcpStream> {
    let found = lookup_host((host, port)).await?.collect();
    race(interleaved(found), TcpStream::connect).await
}

/// Alternates between the two address families, starting with the family of the first address (RFC
/// 8305 section 4).
fn interleaved(addresses: Vec<SocketAddr>) -> VecDeque<SocketAddr> {
    let preferred = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) = addresses
        .into_iter()
        .partition(|address| address.is_ipv6() == preferred);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut turns = VecDeque::new();
    loop {
        let pair = [first.next(), second.next()];
        if pair == [None, None] {
            return turns;
        }
        turns.extend(pair.into_iter().flatten());
    }
}

/// Starts each attempt when the previous one has failed, or after its head start.
async fn race<C, F, T>(mut waiting: VecDeque<SocketAddr>, connect: C) -> io::Result<T>
where
    C: Fn(SocketAddr) -> F,
    F: Future<Output = io::Result<T>>,
{
    let mut failed = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    let mut attempts = FuturesUnordered::new();
    loop {
        match waiting.pop_front() {
            Some(address) => attempts.push(connect(address)),
            None if attempts.is_empty() => return Err(failed),
            None => {}
        }
        let next = later(Instant::now(), HEAD_START);
        tokio::select! {
            biased;
            Some(attempt) = attempts.next() => match attempt {
                Ok(connected) => return Ok(connected),
                Err(error) => failed = error,
            },
            () = sleep_until(next), if !waiting.is_empty() => {}
        }
    }
}

/// Enables TCP keep-alive. It detects a dead peer at the ends of channels, which receive no pings,
/// and with engines that do not answer pings in time.
///
/// A setting of several days or more disables it.
pub(crate) fn keep_alive(stream: &TcpStream, settings: KeepAlive) -> io::Result<()> {
    let KeepAlive {
        ping_every,
        dead_after,
    } = settings;
    if ping_every > LONGEST {
        return Ok(());
    }
    let every = ping_every.max(SHORTEST);
    let probes = TcpKeepalive::new().with_time(every);
    #[cfg(any(
        target_os = "linux",
        target_os = "macos",
        target_os = "freebsd",
        windows
    ))]
    let probes = {
        let silent = dead_after.saturating_sub(every).as_secs() / every.as_secs();
        let retries = u32::try_from(silent.clamp(1, 100)).unwrap_or(1);
        probes.with_interval(every).with_retries(retries)
    };
    #[cfg(not(any(
        target_os = "linux",
        target_os = "macos",
        target_os = "freebsd",
        windows
    )))]
    let _ = dead_after;
    SockRef::from(stream).set_tcp_keepalive(&probes)
}

/// Closes a connection if sent data is not acknowledged within `dead_after`. Keep-alive does not
/// probe while data is in flight.
///
/// Use it only for a peer that receives short messages: the system also closes the connection of a
/// peer that reads too slowly and whose window is full (`tcp(7)`, `TCP_USER_TIMEOUT`). Has no
/// effect for more than nine hours, or on systems without this option.
#[cfg(feature = "engine")]
pub(crate) fn acknowledged_within(stream: &TcpStream, dead_after: Duration) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android", target_os = "fuchsia"))]
    if dead_after <= LONGEST {
        let timeout = Some(dead_after.max(SHORTEST));
        return SockRef::from(stream).set_tcp_user_timeout(timeout);
    }
    let _ = (stream, dead_after);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::io;
    use std::net::SocketAddr;
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{HEAD_START, interleaved, race};

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn families_take_turns() {
        let given = addresses(&["[::1]:1", "[::2]:1", "1.1.1.1:1", "[::3]:1"]);
        let expected = addresses(&["[::1]:1", "1.1.1.1:1", "[::2]:1", "[::3]:1"]);
        assert_eq!(interleaved(given), expected);
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_address_delays_the_next_by_its_head_start() {
        let start = Instant::now();
        let given = interleaved(addresses(&["[::1]:1", "127.0.0.1:1"]));
        let connect = async |address: SocketAddr| match address {
            SocketAddr::V4(_) => Ok("connected"),
            SocketAddr::V6(_) => pending().await,
        };
        assert_eq!(race(given, connect).await.unwrap(), "connected");
        assert_eq!(start.elapsed(), HEAD_START);
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_that_refuses_delays_nothing() {
        let start = Instant::now();
        let given = interleaved(addresses(&["[::1]:1", "127.0.0.1:1"]));
        let connect = async |address: SocketAddr| match address {
            SocketAddr::V4(_) => Ok("connected"),
            SocketAddr::V6(_) => Err(io::ErrorKind::ConnectionRefused.into()),
        };
        assert_eq!(race(given, connect).await.unwrap(), "connected");
        assert_eq!(start.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_first_address_still_wins() {
        let given = interleaved(addresses(&["[::1]:1", "127.0.0.1:1"]));
        let connect = async |address: SocketAddr| match address {
            SocketAddr::V4(_) => pending().await,
            SocketAddr::V6(_) => {
                tokio::time::sleep(4 * HEAD_START).await;
                Ok("connected")
            }
        };
        assert_eq!(race(given, connect).await.unwrap(), "connected");
    }

    #[tokio::test]
    async fn the_last_error_is_given() {
        let refused = async |_: SocketAddr| Err::<(), _>(io::ErrorKind::ConnectionRefused.into());
        let given = interleaved(addresses(&["[::1]:1", "127.0.0.1:1"]));
        let error = race(given, refused).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        let none = race(interleaved(Vec::new()), refused).await.unwrap_err();
        assert_eq!(none.kind(), io::ErrorKind::NotFound);
    }
}
