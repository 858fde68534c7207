use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use tokio::io::AsyncWrite;

/// The end of an HTTP header section.
pub(super) const END: &[u8] = b"\r\n\r\n";

/// The header section of the request that opens a WebSocket, including its secrets: the access key
/// in the path and tokens in headers.
///
/// The handshake library logs the request that it writes. It is therefore given a request without
/// secrets, which this type completes.
pub(super) struct RequestHead {
    first_line: Vec<u8>,
    /// Header names, and complete lines.
    headers: Vec<(String, Vec<u8>)>,
    /// Bytes written by the library.
    written: BytesMut,
    /// Bytes to be sent.
    pending: BytesMut,
}

impl RequestHead {
    /// Creates a request for `path`. `headers` replace the library's headers of the same name.
    pub(super) fn new<'h>(
        path: &str,
        headers: impl IntoIterator<Item = (&'h str, &'h [u8])>,
    ) -> Self {
        let line = |(name, value): (&str, &[u8])| {
            let line = [name.as_bytes(), b": ", value, b"\r\n"].concat();
            (name.to_owned(), line)
        };
        Self {
            first_line: format!("GET {path} HTTP/1.1\r\n").into_bytes(),
            headers: headers.into_iter().map(line).collect(),
            written: BytesMut::new(),
            pending: BytesMut::new(),
        }
    }

    /// Accepts bytes that the library writes.
    pub(super) fn take(&mut self, written: &[u8]) {
        self.written.extend_from_slice(written);
        if self.written.ends_with(END) {
            self.complete();
        }
    }

    fn complete(&mut self) {
        let written = self.written.split();
        let lines = written[..written.len() - 2].split_inclusive(|byte| *byte == b'\n');
        self.pending.extend_from_slice(&self.first_line);
        for line in lines.skip(1) {
            let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
            let is_other = |(other, _): &(String, _)| !other.as_bytes().eq_ignore_ascii_case(name);
            if self.headers.iter().all(is_other) {
                self.pending.extend_from_slice(line);
            }
        }
        for (_, line) in &self.headers {
            self.pending.extend_from_slice(line);
        }
        self.pending.extend_from_slice(b"\r\n");
    }

    /// Writes the request, once it is complete.
    pub(super) fn poll_write<S: AsyncWrite + Unpin>(
        &mut self,
        stream: &mut S,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        while !self.pending.is_empty() {
            let written = ready!(Pin::new(&mut *stream).poll_write(cx, &self.pending))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.pending.advance(written);
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::RequestHead;

    #[test]
    fn path_and_headers_replace_those_of_the_library() {
        let headers = [("host", &b"other"[..]), ("authorization", b"Bearer t")];
        let mut head = RequestHead::new("/p?key=k", headers);
        let written = b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n\r\n";
        let (first, second) = written.split_at(20);
        head.take(first);
        assert!(head.pending.is_empty());
        head.take(second);
        let expected = "GET /p?key=k HTTP/1.1\r\nUpgrade: websocket\r\nhost: other\r\n\
                        authorization: Bearer t\r\n\r\n";
        assert_eq!(str::from_utf8(&head.pending).unwrap(), expected);
    }
}
