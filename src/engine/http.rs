//! The HTTP part of a connection: one request, which is upgraded to WebSocket or refused.

use std::cell::Cell;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{
    AUTHORIZATION, CONNECTION, HeaderMap, HeaderName, HeaderValue, ORIGIN, SEC_WEBSOCKET_ACCEPT,
    SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE, WWW_AUTHENTICATE,
};
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};

use super::access::Role;
use super::channels::{ReaderEnd, Refusal, WriterEnd};
use super::core::Core;
use super::owners::Part;
use super::terms::Terms;
use crate::transport::accept_key;
use crate::wire::{AccessKey, ChannelQuery, Direction};

/// Tells SDKs to turn Nagle's algorithm off at their side too (`protocol.md` 1.1).
const CAPABILITIES: (HeaderName, HeaderValue) = (
    HeaderName::from_static("x-iii-capabilities"),
    HeaderValue::from_static("tcp-nodelay"),
);

/// A connection whose handshake is done.
pub(super) struct Accepted<S> {
    pub(super) stream: S,
    /// What the client sent behind its request without waiting for the answer.
    pub(super) read: Bytes,
    pub(super) route: Route,
    pub(super) terms: Terms,
}

/// What a connection is for.
pub(super) enum Route {
    /// Of a worker that may do what the role says.
    Control(Arc<Role>),
    Telemetry,
    Reader(ReaderEnd),
    Writer(WriterEnd),
}

/// Serves HTTP until a request is upgraded; `None` if the connection ended before.
///
/// A refused client may ask again on the same connection. Each request head has to arrive within
/// the handshake limit.
pub(super) async fn accept<S>(stream: S, core: &Arc<Core>) -> Option<Accepted<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let routes = Routes {
        core: Arc::clone(core),
        upgraded: Cell::new(None),
    };
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(core.limits.handshake)
        .serve_connection(TokioIo::new(stream), routes)
        // Gives the stream itself back; `with_upgrades` would give it in a box that is called
        // for each frame.
        .without_shutdown()
        .await;
    match served {
        Ok(parts) => {
            let (route, terms) = parts.service.upgraded.into_inner()?;
            Some(Accepted {
                stream: parts.io.into_inner(),
                read: parts.read_buf,
                route,
                terms,
            })
        }
        Err(error) => {
            tracing::debug!(%error, "a connection ended before its handshake");
            None
        }
    }
}

/// Decides each request of one connection.
struct Routes {
    core: Arc<Core>,
    /// What the request that is being upgraded asked for. An end that is in here when the connection
    /// breaks counts as opened and lost.
    upgraded: Cell<Option<(Route, Terms)>>,
}

impl Service<Request<Incoming>> for Routes {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        ready(Ok(match self.decide(&request) {
            Ok((route, mut response)) => {
                let part = match &route {
                    Route::Control(_) | Route::Telemetry => Part::Control,
                    Route::Reader(_) | Route::Writer(_) => Part::Channel,
                };
                let headers = response.headers_mut();
                let terms = Terms::agree(request.headers(), headers, part, &self.core.owners);
                self.upgraded.set(Some((route, terms)));
                response
            }
            Err(refused) => refused.into_response(),
        }))
    }
}

impl Routes {
    fn decide<B>(&self, request: &Request<B>) -> Result<(Route, Response<Full<Bytes>>), Refused> {
        let path = request.uri().path();
        let query = request.uri().query().unwrap_or_default();
        if !matches!(path, "/" | "/otel") && ChannelQuery::parse(path, query).is_none() {
            return Err(Refused::new(StatusCode::NOT_FOUND, "no such path"));
        }
        self.check_origin(request.headers())?;
        let route = match ChannelQuery::parse(path, query) {
            None => {
                let response = upgrade(request)?;
                let role = self.role(request.headers())?;
                let route = match path {
                    "/" => Route::Control(role),
                    _ => Route::Telemetry,
                };
                (route, response)
            }
            Some(query) => {
                let query = query
                    .map_err(|error| Refused::new(StatusCode::BAD_REQUEST, error.to_string()))?;
                // First, because opening an end cannot be taken back.
                let response = upgrade(request)?;
                (self.open(&query)?, response)
            }
        };
        Ok(route)
    }

    fn open(&self, query: &ChannelQuery) -> Result<Route, Refused> {
        let refused = |refusal| match refusal {
            Refusal::NotFound => Refused::new(StatusCode::NOT_FOUND, "Channel not found"),
            Refusal::Taken => Refused::new(StatusCode::CONFLICT, "this end was opened before"),
        };
        let channels = &self.core.channels;
        match query.direction {
            Direction::Read => channels
                .open_reader(&query.channel_id, &query.access_key)
                .map(Route::Reader)
                .map_err(refused),
            Direction::Write => channels
                .open_writer(&query.channel_id, &query.access_key)
                .map(Route::Writer)
                .map_err(refused),
        }
    }

    /// Browsers let any page open a WebSocket to this machine and say from where the page came.
    /// Without a token a page from elsewhere could call every function.
    fn check_origin(&self, headers: &HeaderMap) -> Result<(), Refused> {
        match headers.get(ORIGIN) {
            Some(origin) if !self.core.access.is_protected() && !is_local(origin) => {
                Err(Refused::new(
                    StatusCode::FORBIDDEN,
                    "pages from elsewhere need a bearer token",
                ))
            }
            _ => Ok(()),
        }
    }

    /// What whoever brings this token, or none, may do.
    fn role(&self, headers: &HeaderMap) -> Result<Arc<Role>, Refused> {
        let given = headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, given)| AccessKey::new(given.trim()));
        self.core.access.role(given.as_ref()).ok_or_else(|| {
            Refused::new(StatusCode::UNAUTHORIZED, "this engine needs a bearer token")
        })
    }
}

fn is_local(origin: &HeaderValue) -> bool {
    let Some(host) = origin
        .to_str()
        .ok()
        .and_then(|origin| origin.parse::<hyper::Uri>().ok())
        .and_then(|origin| origin.host().map(str::to_owned))
    else {
        return false;
    };
    let host = host.trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// The answer to a WebSocket handshake (RFC 6455 §4.2). Extensions that are offered are not
/// taken up.
fn upgrade<B>(request: &Request<B>) -> Result<Response<Full<Bytes>>, Refused> {
    let headers = request.headers();
    let bad = |message: &'static str| Refused::new(StatusCode::BAD_REQUEST, message);
    if request.method() != Method::GET
        || !has_token(headers, &CONNECTION, "upgrade")
        || !has_token(headers, &UPGRADE, "websocket")
    {
        return Err(bad("this is a WebSocket address"));
    }
    if headers
        .get(SEC_WEBSOCKET_VERSION)
        .is_none_or(|version| version != "13")
    {
        return Err(bad("WebSocket version 13 is needed"));
    }
    let key = headers
        .get(SEC_WEBSOCKET_KEY)
        .ok_or_else(|| bad("Sec-WebSocket-Key is missing"))?;
    // The answer to any key is base64.
    let accept = HeaderValue::try_from(accept_key(key.as_bytes()))
        .map_err(|_| bad("Sec-WebSocket-Key is wrong"))?;
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    response.headers_mut().extend([
        (CONNECTION, HeaderValue::from_static("Upgrade")),
        (UPGRADE, HeaderValue::from_static("websocket")),
        (SEC_WEBSOCKET_ACCEPT, accept),
        CAPABILITIES,
    ]);
    Ok(response)
}

/// Whether a header, a comma list, has a token in any case.
fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|value| value.trim().eq_ignore_ascii_case(token))
}

/// A request that is not upgraded.
struct Refused {
    status: StatusCode,
    message: String,
}

impl Refused {
    fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
        }
    }

    fn into_response(self) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::from(self.message + "\n"));
        *response.status_mut() = self.status;
        if self.status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        response
    }
}
