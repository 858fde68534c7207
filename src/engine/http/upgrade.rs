use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{
    CONNECTION, HeaderMap, HeaderName, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use hyper::http::request::Parts;
use hyper::{Method, Response, StatusCode};

use super::Refused;
use crate::engine::metrics::Reason;
use crate::transport::accept_key;

/// Tells SDKs to disable Nagle's algorithm as well (`docs/protocol.md` section 1.1).
const CAPABILITIES: (HeaderName, HeaderValue) = (
    HeaderName::from_static("x-iii-capabilities"),
    HeaderValue::from_static("tcp-nodelay"),
);

/// Whether a request asks for a WebSocket, in a valid form or not. Other upgrades, such as `h2c`,
/// may be ignored (RFC 9110 §7.8).
pub(super) fn is_asked_for(headers: &HeaderMap) -> bool {
    has_token(headers, &UPGRADE, "websocket")
}

/// The response to a WebSocket handshake (RFC 6455 §4.2). Offered extensions are declined.
pub(super) fn upgrade(asked: &Parts) -> Result<Response<Full<Bytes>>, Refused> {
    let headers = &asked.headers;
    let bad =
        |message: &'static str| Refused::new(Reason::Request, StatusCode::BAD_REQUEST, message);
    if asked.method != Method::GET
        || !has_token(headers, &CONNECTION, "upgrade")
        || !is_asked_for(headers)
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
    // The accept key is always base64.
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

/// Whether a comma-separated header contains a token, ignoring case.
fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|value| value.trim().eq_ignore_ascii_case(token))
}
