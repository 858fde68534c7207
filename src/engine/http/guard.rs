use std::net::IpAddr;
use std::sync::Arc;

use hyper::header::{AUTHORIZATION, HOST, HeaderMap, HeaderValue, ORIGIN};
use hyper::http::request::Parts;
use hyper::http::uri::Authority;
use hyper::{StatusCode, Uri};

use super::Refused;
use crate::engine::access::Role;
use crate::engine::core::Core;
use crate::engine::metrics::Reason;
use crate::wire::AccessKey;

/// Checks who may send a request.
pub(super) struct Guard<'a>(&'a Core);

impl<'a> Guard<'a> {
    pub(super) fn of(core: &'a Core) -> Self {
        Self(core)
    }

    /// Browsers let any page open a WebSocket to this machine, and send the page's origin with the
    /// request. Without a token, a page of another origin could call every function.
    pub(super) fn check_origin(&self, headers: &HeaderMap) -> Result<(), Refused> {
        match headers.get(ORIGIN) {
            Some(origin) if !self.0.access.is_protected() && !is_local(origin) => {
                Err(Refused::new(
                    Reason::Origin,
                    StatusCode::FORBIDDEN,
                    "pages of other origins need a bearer token",
                ))
            }
            _ => Ok(()),
        }
    }

    /// With DNS rebinding, a page of another origin can make its own name resolve to this machine.
    /// An HTTP request then has no origin, but its host is the page's name. With TLS, the
    /// certificate protects the name.
    pub(super) fn check_name(&self, asked: &Parts) -> Result<(), Refused> {
        if self.0.access.is_protected() || self.0.encrypted {
            return Ok(());
        }
        let host = asked.headers.get(HOST).map(HeaderValue::to_str);
        let local = match (asked.uri.authority(), host) {
            (Some(authority), _) => is_local_host(authority.host()),
            (None, Some(Ok(host))) => host
                .parse::<Authority>()
                .is_ok_and(|authority| is_local_host(authority.host())),
            (None, Some(Err(_))) => false,
            // Every browser sends it.
            (None, None) => true,
        };
        if local {
            return Ok(());
        }
        Err(Refused::new(
            Reason::Origin,
            StatusCode::FORBIDDEN,
            "an engine without a bearer token accepts only requests to localhost or a loopback address",
        ))
    }

    /// The permissions of a request with this token, or without one.
    pub(super) fn role(&self, headers: &HeaderMap) -> Result<Arc<Role>, Refused> {
        let given = headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, given)| AccessKey::new(given.trim()));
        self.0.access.role(given.as_ref()).ok_or_else(|| {
            Refused::new(
                Reason::Token,
                StatusCode::UNAUTHORIZED,
                "this engine needs a bearer token",
            )
        })
    }
}

fn is_local(origin: &HeaderValue) -> bool {
    origin
        .to_str()
        .ok()
        .and_then(|origin| origin.parse::<Uri>().ok())
        .is_some_and(|origin| origin.host().is_some_and(is_local_host))
}

fn is_local_host(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
