//! Opens connections: TCP, TLS, and the handshake with tokio-tungstenite. Only this file names that
//! library.

use std::io;
use std::time::Duration;

use async_trait::async_trait;
use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::error::Error;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::http::header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL};
use tokio_tungstenite::tungstenite::http::{HeaderMap, HeaderName, HeaderValue, Response};

use super::handshake_stream::HandshakeStream;
use super::request_head::RequestHead;
use super::{Masking, Role, WebSocket, WebSocketLimits};
use crate::transport::{
    ConnectError, ConnectOptions, Dial, KeepAlive, PeerExtensions, Transport, tcp,
};
use crate::wire::{
    ChannelUrl, EngineUrl, HEARTBEAT, MESSAGE_LIMIT, OWNER, REATTACH, REQUESTED, StreamChannelRef,
    heartbeat_value, parse_heartbeat, parse_message_limit,
};

/// Dials an engine by its URL.
pub(crate) struct WebSocketDialer<'a> {
    url: &'a EngineUrl,
    options: &'a ConnectOptions,
}

impl<'a> WebSocketDialer<'a> {
    pub(crate) fn new(url: &'a EngineUrl, options: &'a ConnectOptions) -> Self {
        Self { url, options }
    }

    async fn open(
        &self,
        target: &ChannelUrl,
        limits: WebSocketLimits,
        heartbeat: Option<KeepAlive>,
    ) -> Result<Box<dyn Transport>, DialError> {
        let within = self.options.connect_timeout;
        match timeout(within, self.handshake(target, limits, heartbeat)).await {
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
        heartbeat: Option<KeepAlive>,
    ) -> Result<Box<dyn Transport>, DialError> {
        let request = self.request()?;
        let head = self.head(target, limits, heartbeat)?;
        let stream = self.connect_tcp(&request).await?;
        #[cfg(feature = "tls")]
        if self.url.is_secure() {
            let host = host(&request).to_owned();
            let stream = crate::transport::tls::connect(self.options, host, stream)
                .await
                .map_err(|reason| ConnectError::Tls {
                    address: self.name(),
                    reason,
                })?;
            let stream = HandshakeStream::new(stream, head);
            let upgrade = self.upgrade(request, stream, limits, Masking::Zero, heartbeat);
            return upgrade.await;
        }
        #[cfg(not(feature = "tls"))]
        if self.url.is_secure() {
            let reason = "this build cannot encrypt; enable the feature `tls`".to_owned();
            return Err(ConnectError::Tls {
                address: self.name(),
                reason,
            }
            .into());
        }
        let within_machine = stream.peer_addr().is_ok_and(|peer| peer.ip().is_loopback());
        let masking = if within_machine {
            Masking::Zero
        } else {
            Masking::Random
        };
        let stream = HandshakeStream::new(stream, head);
        self.upgrade(request, stream, limits, masking, heartbeat)
            .await
    }

    async fn upgrade<S>(
        &self,
        request: Request,
        stream: HandshakeStream<S>,
        limits: WebSocketLimits,
        masking: Masking,
        heartbeat: Option<KeepAlive>,
    ) -> Result<Box<dyn Transport>, DialError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + Sync + 'static,
    {
        match tokio_tungstenite::client_async(request, stream).await {
            Ok((socket, response)) => {
                let (stream, read): (S, BytesMut) = socket.into_inner().into_parts();
                let socket = WebSocket::new(stream, read, Role::Client(masking), limits);
                let idle_timeout = heartbeat.and_then(|asked| longest_silence(asked, &response));
                let socket = socket.lost_after(idle_timeout);
                Ok(Box::new(socket.agree(PeerExtensions {
                    message_limit: message_limit(&response),
                    ping_every: promised(&response),
                    reattach_within: reattach_within(&response),
                })))
            }
            Err(Error::Http(response)) => Err(DialError::Refused(response)),
            Err(error) => Err(DialError::Other(self.explain(error))),
        }
    }

    /// The request without secrets, because the library logs it; [`head`](Self::head) adds them.
    ///
    /// The library compares the subprotocol of the response, so it must know the requested one.
    fn request(&self) -> Result<Request, ConnectError> {
        let request = self.url.origin().into_client_request();
        let mut request = request.map_err(|error| self.explain(error))?;
        for (name, value) in &self.options.headers {
            if name.eq_ignore_ascii_case(SEC_WEBSOCKET_PROTOCOL.as_str()) {
                let value = HeaderValue::try_from(value).map_err(|_| invalid_header(name))?;
                request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, value);
            }
        }
        Ok(request)
    }

    /// The request target and the headers.
    fn head(
        &self,
        target: &ChannelUrl,
        limits: WebSocketLimits,
        heartbeat: Option<KeepAlive>,
    ) -> Result<RequestHead, ConnectError> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.options.headers {
            let invalid = || invalid_header(name);
            headers.insert(
                HeaderName::try_from(name).map_err(|_| invalid())?,
                HeaderValue::try_from(value).map_err(|_| invalid())?,
            );
        }
        // The token of the environment applies if no other one is set (`docs/protocol.md` section
        // 1.1).
        if let Some(token) = &self.options.token_from_env
            && !headers.contains_key(AUTHORIZATION)
        {
            let value = HeaderValue::try_from(format!("Bearer {token}"))
                .map_err(|_| invalid_header("Authorization, from III_TOKEN"))?;
            headers.insert(AUTHORIZATION, value);
        }
        if let Some(owner) = &self.options.owner {
            let owner = HeaderValue::try_from(&**owner).map_err(|_| invalid_header(OWNER))?;
            headers.insert(OWNER, owner);
        }
        let every = if let Some(heartbeat) = heartbeat {
            heartbeat.ping_every
        } else {
            headers.insert(MESSAGE_LIMIT, HeaderValue::from(limits.message));
            if self.options.reattaches {
                headers.insert(REATTACH, HeaderValue::from_static(REQUESTED));
            }
            self.options.control_heartbeat
        };
        let every = HeaderValue::try_from(heartbeat_value(every));
        headers.insert(HEARTBEAT, every.map_err(|_| invalid_header(HEARTBEAT))?);
        let headers = headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes()));
        Ok(RequestHead::new(target.expose_path(), headers))
    }

    async fn connect_tcp(&self, request: &Request) -> Result<TcpStream, ConnectError> {
        let host = host(request);
        let port = request
            .uri()
            .port_u16()
            .unwrap_or(if self.url.is_secure() { 443 } else { 80 });
        let unreachable = |source| ConnectError::Unreachable {
            address: self.name(),
            source,
        };
        let stream = tcp::connect(host, port).await.map_err(unreachable)?;
        // An iii engine sends no heartbeats on channels, so the reader of a dead connection would
        // wait forever.
        tcp::keep_alive(&stream, self.options.heartbeat).map_err(unreachable)?;
        // Otherwise the second of two small writes waits for a delayed acknowledgement, about 40 ms
        // (`docs/protocol.md` section 1.1).
        stream.set_nodelay(true).map_err(unreachable)?;
        Ok(stream)
    }

    fn explain(&self, error: Error) -> ConnectError {
        let address = self.name();
        match error {
            Error::Io(source) if source.kind() == io::ErrorKind::InvalidData => {
                ConnectError::NotAnEngine {
                    address,
                    reason: source.to_string(),
                }
            }
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

    /// A refusal whose status has the same meaning on every route.
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

fn invalid_header(name: &str) -> ConnectError {
    ConnectError::InvalidHeader {
        name: name.to_owned(),
    }
}

/// How long the engine may be silent; `None` if it promised no heartbeats. If it sends them less
/// often than requested, the limit is two of its intervals.
fn longest_silence(asked: KeepAlive, response: &Response<Option<Vec<u8>>>) -> Option<Duration> {
    let every = promised(response)?;
    Some(asked.dead_after.max(every.saturating_mul(2)))
}

/// The engine's heartbeat interval: on a channel, how often it sends one; on a control connection,
/// how often it expects one.
fn promised(response: &Response<Option<Vec<u8>>>) -> Option<Duration> {
    parse_heartbeat(response.headers().get(HEARTBEAT)?.to_str().ok()?)
}

/// The largest message that the engine accepts, in bytes, if it states one.
fn message_limit(response: &Response<Option<Vec<u8>>>) -> Option<usize> {
    parse_message_limit(response.headers().get(MESSAGE_LIMIT)?.to_str().ok()?)
}

/// How long the engine keeps the calls of a lost connection, if it does.
fn reattach_within(response: &Response<Option<Vec<u8>>>) -> Option<Duration> {
    parse_heartbeat(response.headers().get(REATTACH)?.to_str().ok()?)
}

/// The host of a request, an IPv6 address without its brackets.
fn host(request: &Request) -> &str {
    request
        .uri()
        .host()
        .unwrap_or_default()
        .trim_matches(['[', ']'])
}

/// A failed attempt, before the route determines the meaning of a refusal.
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
        self.open(&self.url.control(), WebSocketLimits::CONTROL, None)
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
        let heartbeat = Some(self.options.heartbeat);
        self.open(&target, WebSocketLimits::CHANNEL, heartbeat)
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
