/// A kind of connections through a [`FaultProxy`](super::FaultProxy).
///
/// To distinguish them, a proxy reads the path and query of the request. With TLS (`wss://`) it
/// cannot, and only [`Any`](Self::Any) works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sockets {
    /// All connections; requests are not parsed.
    Any,
    /// Control connections of workers.
    Control,
    /// Both ends of channels.
    Channels,
    /// Connections of channel readers.
    Readers,
    /// Connections of channel writers.
    Writers,
}

impl Sockets {
    /// The kind of a request; [`Any`](Self::Any) if unknown.
    pub(super) fn of_request(head: &[u8]) -> Self {
        let line = head.split(|&byte| byte == b'\r').next().unwrap_or_default();
        let line = String::from_utf8_lossy(line);
        let target = line.split(' ').nth(1).unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let asks = |wanted: &str| query.split('&').any(|pair| pair == wanted);
        if !path.contains("/ws/channels/") {
            if target.is_empty() {
                Self::Any
            } else {
                Self::Control
            }
        } else if asks("dir=read") {
            Self::Readers
        } else if asks("dir=write") {
            Self::Writers
        } else {
            Self::Channels
        }
    }

    /// Whether this kind includes connections of kind `found`.
    pub(super) fn include(self, found: Self) -> bool {
        match self {
            Self::Any => true,
            Self::Channels => matches!(found, Self::Channels | Self::Readers | Self::Writers),
            exactly => exactly == found,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Sockets;

    #[test]
    fn the_request_tells_what_a_connection_is() {
        let found = |target: &str| {
            Sockets::of_request(format!("GET {target} HTTP/1.1\r\nHost: h\r\n\r\n").as_bytes())
        };
        assert_eq!(found("/"), Sockets::Control);
        assert_eq!(found("/?token=dir=read"), Sockets::Control);
        assert_eq!(found("/ws/channels/c?key=k&dir=read"), Sockets::Readers);
        assert_eq!(found("/p/ws/channels/c?dir=write&key=k"), Sockets::Writers);
        assert_eq!(found("/ws/channels/c?key=k"), Sockets::Channels);
        assert_eq!(Sockets::of_request(b"\x16\x03\x01"), Sockets::Any);
    }

    #[test]
    fn ends_of_both_kinds_are_channels() {
        for end in [Sockets::Readers, Sockets::Writers] {
            assert!(Sockets::Channels.include(end) && Sockets::Any.include(end));
            assert!(end.include(end) && !Sockets::Control.include(end));
            assert!(!end.include(Sockets::Any));
        }
    }
}
