//! WebSocket, by tokio-tungstenite. The one file that names it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use async_trait::async_trait;
use bytes::Bytes;
use futures::{Sink, Stream};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
#[cfg(not(feature = "tls"))]
use tokio_tungstenite::MaybeTlsStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::error::{CapacityError, Error, ProtocolError};
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue, Response};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use super::{ConnectError, ConnectOptions, Dial, Received, Transport, TransportError};
use crate::wire::{ChannelUrl, Close, EngineUrl, Frame, StreamChannelRef, Text};

/// What one connection takes from its peer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WebSocketLimits {
    /// Bytes in one frame.
    pub(crate) frame: usize,
    /// Bytes in one message, which a peer may cut into frames.
    pub(crate) message: usize,
    /// Bytes read from the socket at once.
    pub(crate) read_buffer: usize,
}

impl WebSocketLimits {
    /// Control sockets: results of up to 64 MiB, whole or in fragments (`protocol.md` 1.5).
    pub(crate) const CONTROL: Self = Self {
        frame: 64 << 20,
        message: 64 << 20,
        read_buffer: 16 << 10,
    };
    /// Channel sockets: what the reference engine takes (`protocol.md` 4.2).
    pub(crate) const CHANNEL: Self = Self {
        frame: 16 << 20,
        message: 64 << 20,
        read_buffer: 64 << 10,
    };

    fn config(self) -> WebSocketConfig {
        WebSocketConfig::default()
            .read_buffer_size(self.read_buffer)
            .max_frame_size(Some(self.frame))
            .max_message_size(Some(self.message))
    }
}

/// Dials an engine by its URL.
pub(super) struct WebSocketDialer<'a> {
    url: &'a EngineUrl,
    options: &'a ConnectOptions,
}

impl<'a> WebSocketDialer<'a> {
    pub(super) fn new(url: &'a EngineUrl, options: &'a ConnectOptions) -> Self {
        Self { url, options }
    }

    async fn open(
        &self,
        target: &ChannelUrl,
        limits: WebSocketLimits,
    ) -> Result<Box<dyn Transport>, DialError> {
        let within = self.options.connect_timeout;
        match timeout(within, self.handshake(target, limits)).await {
            Ok(connected) => connected,
            Err(_) => Err(DialError::Other(ConnectError::Timeout {
                address: self.name(),
                after: within,
            })),
        }
    }

    async fn handshake(
        &self,
        target: &ChannelUrl,
        limits: WebSocketLimits,
    ) -> Result<Box<dyn Transport>, DialError> {
        let request = self.request(target)?;
        let stream = self.connect_tcp(&request).await?;
        #[cfg(feature = "tls")]
        let connector = if self.url.is_secure() {
            let config =
                super::tls::client_config(self.options).map_err(|reason| ConnectError::Tls {
                    address: self.name(),
                    reason,
                })?;
            tokio_tungstenite::Connector::Rustls(config)
        } else {
            tokio_tungstenite::Connector::Plain
        };
        #[cfg(feature = "tls")]
        let connected = tokio_tungstenite::client_async_tls_with_config(
            request,
            stream,
            Some(limits.config()),
            Some(connector),
        );
        #[cfg(not(feature = "tls"))]
        let connected = tokio_tungstenite::client_async_with_config(
            request,
            MaybeTlsStream::Plain(stream),
            Some(limits.config()),
        );
        match connected.await {
            Ok((socket, _)) => Ok(Box::new(WebSocket(socket))),
            Err(Error::Http(response)) => Err(DialError::Refused(response)),
            Err(error) => Err(DialError::Other(self.explain(error))),
        }
    }

    fn request(&self, target: &ChannelUrl) -> Result<Request, ConnectError> {
        let mut request = target
            .expose()
            .into_client_request()
            .map_err(|error| self.explain(error))?;
        for (name, value) in &self.options.headers {
            let invalid = || ConnectError::InvalidHeader { name: name.clone() };
            request.headers_mut().insert(
                HeaderName::try_from(name).map_err(|_| invalid())?,
                HeaderValue::try_from(value).map_err(|_| invalid())?,
            );
        }
        Ok(request)
    }

    async fn connect_tcp(&self, request: &Request) -> Result<TcpStream, ConnectError> {
        let uri = request.uri();
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        let port = uri
            .port_u16()
            .unwrap_or(if self.url.is_secure() { 443 } else { 80 });
        let unreachable = |source| ConnectError::Unreachable {
            address: self.name(),
            source,
        };
        let stream = TcpStream::connect((host, port))
            .await
            .map_err(unreachable)?;
        // Without it the second of two small writes waits for a delayed acknowledgement, about
        // 40 ms (`protocol.md` 1.1).
        stream.set_nodelay(true).map_err(unreachable)?;
        Ok(stream)
    }

    fn explain(&self, error: Error) -> ConnectError {
        let address = self.name();
        match error {
            Error::Io(source) if self.url.is_secure() => ConnectError::Tls {
                address,
                reason: source.to_string(),
            },
            Error::Tls(error) => ConnectError::Tls {
                address,
                reason: error.to_string(),
            },
            Error::Io(source) => ConnectError::Unreachable { address, source },
            other => ConnectError::NotAnEngine {
                address,
                reason: other.to_string(),
            },
        }
    }

    /// A refusal whose status means the same on every route.
    fn refused(&self, response: &Response<Option<Vec<u8>>>) -> ConnectError {
        let address = self.name();
        match response.status().as_u16() {
            status @ (401 | 403) => ConnectError::Unauthorized { address, status },
            status => {
                let body = response.body().as_deref().unwrap_or_default();
                let message = String::from_utf8_lossy(body).trim().to_owned();
                ConnectError::Rejected {
                    address,
                    status,
                    message,
                }
            }
        }
    }
}

/// A failed attempt, before the route has given a refusal its meaning.
enum DialError {
    Refused(Box<Response<Option<Vec<u8>>>>),
    Other(ConnectError),
}

impl From<ConnectError> for DialError {
    fn from(error: ConnectError) -> Self {
        Self::Other(error)
    }
}

#[async_trait]
impl Dial for WebSocketDialer<'_> {
    async fn control(&self) -> Result<Box<dyn Transport>, ConnectError> {
        self.open(&self.url.control(), WebSocketLimits::CONTROL)
            .await
            .map_err(|error| match error {
                DialError::Refused(response) => self.refused(&response),
                DialError::Other(error) => error,
            })
    }

    async fn channel(
        &self,
        channel_ref: &StreamChannelRef,
    ) -> Result<Box<dyn Transport>, ConnectError> {
        let target = self.url.channel(channel_ref);
        let channel_id = || channel_ref.channel_id.clone();
        self.open(&target, WebSocketLimits::CHANNEL)
            .await
            .map_err(|error| match error {
                DialError::Refused(response) => match response.status().as_u16() {
                    404 => ConnectError::ChannelNotFound {
                        address: self.name(),
                        channel_id: channel_id(),
                    },
                    409 => ConnectError::AlreadyOpened {
                        role: channel_ref.direction.role(),
                        channel_id: channel_id(),
                    },
                    _ => self.refused(&response),
                },
                DialError::Other(error) => error,
            })
    }

    fn name(&self) -> String {
        self.url.to_string()
    }
}

/// The value of `Sec-WebSocket-Accept` that answers a client's key (RFC 6455 §4.2.2).
#[cfg(feature = "engine")]
pub(crate) fn accept_key(key: &[u8]) -> String {
    tokio_tungstenite::tungstenite::handshake::derive_accept_key(key)
}

/// A WebSocket connection as a [`Transport`].
pub(crate) struct WebSocket<S>(WebSocketStream<S>);

impl<S> WebSocket<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    /// The server's side of a connection whose handshake is done; `read` is what was read past
    /// its end.
    #[cfg(feature = "engine")]
    pub(crate) async fn accepted(stream: S, read: Bytes, limits: WebSocketLimits) -> Self {
        let role = tokio_tungstenite::tungstenite::protocol::Role::Server;
        let config = Some(limits.config());
        Self(WebSocketStream::from_partially_read(stream, read.into(), role, config).await)
    }

    /// The stream below, for what the peer sends behind an end; its buffers are lost.
    #[cfg(feature = "engine")]
    pub(crate) fn into_inner(self) -> S {
        self.0.into_inner()
    }

    fn sink(&mut self) -> Pin<&mut WebSocketStream<S>> {
        Pin::new(&mut self.0)
    }
}

impl<S> Transport for WebSocket<S>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + Sync,
{
    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Received> {
        loop {
            let message = match ready!(Pin::new(&mut self.0).poll_next(cx)) {
                Some(Ok(message)) => message,
                Some(Err(error)) => return Poll::Ready(Received::Lost(broken(error))),
                None => return Poll::Ready(Received::Lost(TransportError::eof())),
            };
            return Poll::Ready(match message {
                Message::Binary(bytes) => Received::Frame(Frame::Data(bytes)),
                Message::Text(text) => match Text::try_from(Bytes::from(text)) {
                    Ok(text) => Received::Frame(Frame::Message(text)),
                    Err(error) => Received::Lost(TransportError::Protocol(error.to_string())),
                },
                Message::Pong(_) => Received::Pong,
                Message::Close(frame) => Received::Closed(from_close_frame(frame)),
                // Answered by the library with the next flush or read.
                Message::Ping(_) | Message::Frame(_) => continue,
            });
        }
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.sink().poll_ready(cx).map_err(broken)
    }

    fn start_send(&mut self, frame: Frame) -> Result<(), TransportError> {
        let message = match frame {
            Frame::Data(bytes) => Message::Binary(bytes),
            Frame::Message(text) => Message::Text(
                Utf8Bytes::try_from(text.into_bytes())
                    .map_err(|error| TransportError::Protocol(error.to_string()))?,
            ),
        };
        self.sink().start_send(message).map_err(broken)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.sink().poll_flush(cx).map_err(broken)
    }

    fn start_close(&mut self, close: Close) -> Result<(), TransportError> {
        let frame = close.code.map(|code| CloseFrame {
            code: code.into(),
            reason: Utf8Bytes::from(close.reason.as_ref()),
        });
        self.sink()
            .start_send(Message::Close(frame))
            .map_err(broken)
    }

    fn start_ping(&mut self) -> Result<(), TransportError> {
        self.sink()
            .start_send(Message::Ping(Bytes::new()))
            .map_err(broken)
    }
}

fn from_close_frame(frame: Option<CloseFrame>) -> Close {
    match frame {
        Some(frame) => Close {
            code: Some(frame.code.into()),
            reason: frame.reason.as_str().to_owned().into(),
        },
        None => Close::default(),
    }
}

fn broken(error: Error) -> TransportError {
    match error {
        Error::Io(error) => TransportError::Lost(error),
        Error::ConnectionClosed | Error::AlreadyClosed => TransportError::Closed(Close::default()),
        Error::Protocol(ProtocolError::SendAfterClosing) => {
            TransportError::Closed(Close::default())
        }
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => TransportError::eof(),
        Error::Capacity(CapacityError::MessageTooLong { size, max_size }) => {
            TransportError::TooLarge {
                size,
                limit: max_size,
            }
        }
        Error::Tls(error) => TransportError::Lost(io::Error::other(error.to_string())),
        other => TransportError::Protocol(other.to_string()),
    }
}
