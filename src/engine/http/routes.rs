use std::cell::Cell;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::http::request::Parts;
use hyper::service::Service;
use hyper::{Method, Request, Response, StatusCode};

use super::upgrade::{is_asked_for, upgrade};
use super::{Guard, Refused};
use crate::engine::access::Role;
use crate::engine::channels::{ReaderEnd, Refusal, WriterEnd};
use crate::engine::core::Core;
use crate::engine::metrics::Reason;
use crate::engine::net::handshake::{EngineExtensions, HandshakeExtensions};
use crate::engine::owners::Part;
use crate::engine::pages::{self, Page, PageAccess};
use crate::wire::{ChannelQuery, Direction, Kind};

/// The purpose of a connection.
pub(in crate::engine) enum Route {
    /// A worker with the permissions of the role.
    Control(Arc<Role>),
    Telemetry,
    Reader(ReaderEnd),
    Writer(WriterEnd),
    /// An end that was opened before: accepted and closed, as an iii engine does.
    Taken,
}

/// Handles the requests of one connection.
pub(super) struct Routes {
    core: Arc<Core>,
    /// The route of the request being upgraded. If the connection breaks, an end stored here counts
    /// as opened and lost.
    upgraded: Cell<Option<(Route, HandshakeExtensions)>>,
}

impl Routes {
    pub(super) fn new(core: &Arc<Core>) -> Self {
        Self {
            core: Arc::clone(core),
            upgraded: Cell::new(None),
        }
    }

    /// The route that the connection was upgraded to, if any.
    pub(super) fn into_upgraded(self) -> Option<(Route, HandshakeExtensions)> {
        self.upgraded.into_inner()
    }

    fn answer(&self, asked: &Parts) -> Result<Response<Full<Bytes>>, Refused> {
        if !is_asked_for(&asked.headers)
            && let Some(page) = pages::find(&self.core, asked)
        {
            return self.page(page, asked);
        }
        let (route, mut response) = self.decide(asked)?;
        let part = match &route {
            Route::Control(_) | Route::Telemetry => Part::Control,
            Route::Reader(_) | Route::Writer(_) | Route::Taken => Part::Channel,
        };
        let headers = response.headers_mut();
        let own = EngineExtensions {
            message_limit: self.core.limits.control_message(),
            ping_every: self.core.limits.keep_alive.ping_every,
            reattach_within: self.core.limits.reattach_within,
            behaviour: self.core.limits.behaviour,
        };
        let extensions =
            HandshakeExtensions::agree(&asked.headers, headers, part, &self.core.owners, own);
        self.upgraded.set(Some((route, extensions)));
        Ok(response)
    }

    /// hyper omits the body of a response to HEAD.
    fn page(&self, page: &Page, asked: &Parts) -> Result<Response<Full<Bytes>>, Refused> {
        if !matches!(asked.method, Method::GET | Method::HEAD) {
            let message = format!("{} is only read, by GET or HEAD", page.path);
            return Err(Refused::new(
                Reason::Request,
                StatusCode::METHOD_NOT_ALLOWED,
                message,
            ));
        }
        if let PageAccess::Trigger(function_id) = page.may {
            let guard = Guard::of(&self.core);
            guard.check_origin(&asked.headers)?;
            guard.check_name(asked)?;
            if !guard.role(&asked.headers)?.may_trigger(function_id) {
                let message = format!(
                    "the token of this request may not trigger {function_id}, which reading {} \
                     counts as; ask the operator of the engine",
                    page.path
                );
                return Err(Refused::new(Reason::Role, StatusCode::FORBIDDEN, message));
            }
        }
        Ok((page.answer)(&self.core, asked))
    }

    fn decide(&self, asked: &Parts) -> Result<(Route, Response<Full<Bytes>>), Refused> {
        let path = asked.uri.path();
        let query = asked.uri.query().unwrap_or_default();
        if !matches!(path, "/" | "/otel") && ChannelQuery::parse(path, query).is_none() {
            return Err(Refused::new(
                Reason::Request,
                StatusCode::NOT_FOUND,
                "no such path",
            ));
        }
        let guard = Guard::of(&self.core);
        guard.check_origin(&asked.headers)?;
        let route = match ChannelQuery::parse(path, query) {
            None => {
                let response = upgrade(asked)?;
                let role = guard.role(&asked.headers)?;
                let route = match path {
                    "/" => Route::Control(role),
                    _ => Route::Telemetry,
                };
                (route, response)
            }
            Some(query) => {
                let query = query.map_err(|error| {
                    Refused::new(Reason::Request, StatusCode::BAD_REQUEST, error.to_string())
                })?;
                // First, because the opening of an end cannot be undone.
                let response = upgrade(asked)?;
                (self.open(&query)?, response)
            }
        };
        Ok(route)
    }

    fn open(&self, query: &ChannelQuery) -> Result<Route, Refused> {
        let refused = |refusal: Refusal| {
            let reason = Reason::from(&refusal);
            match refusal {
                Refusal::NotFound => {
                    Refused::new(reason, StatusCode::NOT_FOUND, "Channel not found")
                }
                Refusal::Taken => {
                    Refused::new(reason, StatusCode::CONFLICT, "this end was opened before")
                }
            }
        };
        let channels = &self.core.channels;
        let (id, key) = (&query.channel_id, &query.access_key);
        let opened = match query.direction {
            Direction::Read => channels.open_reader(id, key).map(Route::Reader),
            Direction::Write => channels.open_writer(id, key).map(Route::Writer),
        };
        match opened {
            Err(Refusal::Taken) if self.core.limits.behaviour.is_iii() => Ok(Route::Taken),
            opened => opened.map_err(refused),
        }
    }
}

impl Service<Request<Incoming>> for Routes {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let (asked, _) = request.into_parts();
        let answer = self.answer(&asked).unwrap_or_else(|refused| {
            // The query may contain a key, the path does not.
            let (path, reason) = (asked.uri.path(), refused.reason.word());
            tracing::debug!(path, reason, "refused a request");
            self.core.metrics.refused(refused.reason);
            refused.into_response()
        });
        ready(Ok(answer))
    }
}
