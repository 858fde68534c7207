use std::sync::Arc;
use std::time::Duration;

use super::access::Access;
use super::behaviour::Behaviour;
use super::core::Core;
use super::limits::Limits;
use super::net::listen::listen;
use super::net::server::Acceptor;
#[cfg(feature = "tls")]
use super::net::tls::Tls;
use super::{Engine, EngineError, Role, channels, control, net::server};
use crate::transport::KeepAlive;

/// The default listen address: the port that workers expect, on loopback only.
const DEFAULT_LISTEN: &str = "127.0.0.1:49134";

/// The settings of an [`Engine`]; created by [`Engine::builder`].
///
/// `Debug` never prints a token.
#[derive(Clone, Debug)]
#[must_use = "an engine starts with `start`"]
pub struct EngineBuilder {
    listen: Option<String>,
    access: Access,
    #[cfg(feature = "tls")]
    tls: Option<Tls>,
    limits: Limits,
    dashboard: bool,
}

impl Engine {
    /// Creates the settings of an engine.
    pub fn builder() -> EngineBuilder {
        EngineBuilder::new()
    }
}

impl EngineBuilder {
    pub(super) fn new() -> Self {
        Self {
            listen: Some(DEFAULT_LISTEN.to_owned()),
            access: Access::default(),
            #[cfg(feature = "tls")]
            tls: None,
            limits: Limits::default(),
            dashboard: true,
        }
    }

    /// Listens on `address`, `host:port`; default: `127.0.0.1:49134`. Port 0 selects a free port.
    ///
    /// A name such as `localhost` may have several addresses: the engine listens on each of them,
    /// at the same port.
    pub fn listen(mut self, address: impl Into<String>) -> Self {
        self.listen = Some(address.into());
        self
    }

    /// Opens no socket: the engine serves only this process, through [`Engine::address`].
    pub fn in_process(mut self) -> Self {
        self.listen = None;
        self
    }

    /// Requires workers to send `Authorization: Bearer <token>`.
    ///
    /// Channels are opened with the access key of their ref, with or without the token, because
    /// SDKs before 0.24 send the token only on the control socket (`docs/protocol.md` section 1.1).
    pub fn bearer_token(mut self, token: impl Into<String>) -> Self {
        self.access.grant(token.into());
        self
    }

    /// Restricts workers with this token to `role`; may be called several times.
    ///
    /// As with [`bearer_token`](Self::bearer_token), a token is then required to connect.
    pub fn role(mut self, token: impl Into<String>, role: Role) -> Self {
        self.access.limit(token.into(), role);
        self
    }

    /// Serves only `wss://`, with a certificate chain, starting with the engine's own certificate,
    /// and its private key, both in PEM.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, certificates: impl Into<Vec<u8>>, key: impl Into<Vec<u8>>) -> Self {
        let client_authorities = self.tls.and_then(|tls| tls.client_authorities);
        self.tls = Some(Tls {
            certificates: certificates.into(),
            key: key.into(),
            client_authorities,
        });
        self
    }

    /// Accepts only clients with a certificate of these authorities, in PEM. Requires
    /// [`tls`](Self::tls) before it.
    ///
    /// # Panics
    ///
    /// Panics without [`tls`](Self::tls), because nothing would be checked.
    #[cfg(feature = "tls")]
    pub fn client_authorities(mut self, certificates: impl Into<Vec<u8>>) -> Self {
        let tls = self.tls.as_mut();
        let tls = tls.expect("certificates of clients are checked by `tls` only, which is not set");
        tls.client_authorities = Some(certificates.into());
        self
    }

    /// Enables or disables the dashboard at the engine's address; default: enabled.
    ///
    /// Clients that may call the engine's list functions can see its data; see `docs/dashboard.md`.
    /// If the dashboard is disabled, `/` accepts only workers, and the engine keeps no record of
    /// runs: `engine::runs::list` is not available, and calls are not searched for refs.
    pub fn dashboard(mut self, dashboard: bool) -> Self {
        self.dashboard = dashboard;
        self
    }

    /// Maximum number of concurrent connections, control and channels; default: 65,536.
    ///
    /// Further connections are answered with the HTTP status 503. Workers within the process are
    /// not counted.
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.limits.connections = connections;
        self
    }

    /// Maximum number of unauthenticated connections; default: 1024.
    ///
    /// These are connections without a complete request, and worker connections without a message.
    /// When the limit is exceeded, the oldest one is closed.
    pub fn max_newcomers(mut self, connections: usize) -> Self {
        self.limits.pending_connections = connections;
        self
    }

    /// Maximum number of unfinished channels; default: 100,000.
    ///
    /// The last tenth is reserved for workers with few channels: a worker that already has as many
    /// channels as remain available cannot create more.
    pub fn max_channels(mut self, channels: usize) -> Self {
        self.limits.channels = channels;
        self
    }

    /// Maximum number of unfinished channels created by one worker; default: 25,000.
    pub fn max_channels_per_worker(mut self, channels: usize) -> Self {
        self.limits.worker_channels = channels;
        self
    }

    /// Maximum number of functions that one worker may register; default: 10,000.
    pub fn max_functions_per_worker(mut self, functions: usize) -> Self {
        self.limits.worker_functions = functions;
        self
    }

    /// Maximum number of calls of one worker that await results; default: 100,000.
    ///
    /// The engine never times out a call (`docs/protocol.md` section 2.4), so their number must be
    /// bounded.
    pub fn max_calls_per_worker(mut self, calls: usize) -> Self {
        self.limits.worker_calls = calls;
        self
    }

    /// Maximum number of bytes that the engine keeps for all workers; default: 512 MiB.
    ///
    /// It covers descriptions of functions, open calls, and messages to be sent. A worker that
    /// already uses as much as remains available gets no more: its registrations and calls are
    /// refused, and calls to it fail with the code `overloaded`. One worker holds at most 8 MiB of
    /// registrations, 64 MiB of open calls and 64 MiB of waiting messages.
    pub fn max_control_bytes(mut self, bytes: usize) -> Self {
        self.limits.control_bytes = bytes;
        self
    }

    /// Maximum number of bytes of incomplete long messages over all connections; default: 512 MiB.
    ///
    /// A connection that already uses as much as remains available is closed with code 1009. The
    /// first 256 KiB of a connection do not count, so short messages are always accepted.
    pub fn max_incoming_bytes(mut self, bytes: usize) -> Self {
        self.limits.incoming_bytes = bytes;
        self
    }

    /// Maximum number of payload bytes that the engine holds for slow readers; default: 4 GiB.
    ///
    /// If the channels of a worker together use as much as remains available, they are relayed
    /// frame by frame, so that their writers wait for their readers. When the limit is reached, no
    /// channel can be created. Each channel holds at most
    /// [`max_channel_bytes`](Self::max_channel_bytes).
    pub fn max_held_bytes(mut self, bytes: usize) -> Self {
        self.limits.held_bytes = bytes;
        self
    }

    /// Maximum number of payload bytes that one channel holds for its reader; default: 64 MiB.
    ///
    /// A channel also holds at most 64 KiB for each frame of its `buffer_size`.
    pub fn max_channel_bytes(mut self, bytes: usize) -> Self {
        self.limits.channel_bytes = bytes;
        self
    }

    /// Maximum number of bytes in one message, control or channel; default: 64 MiB.
    pub fn max_message_bytes(mut self, bytes: usize) -> Self {
        self.limits.message = bytes;
        self
    }

    /// Maximum number of bytes in one frame of a channel; default: 16 MiB.
    pub fn max_frame_bytes(mut self, bytes: usize) -> Self {
        self.limits.frame = bytes;
        self
    }

    /// Timeout for a client's request; default: 10 s.
    pub fn handshake_timeout(mut self, timeout: Duration) -> Self {
        self.limits.handshake = timeout;
        self
    }

    /// How long a channel waits for an unopened end; default: 300 s. The time restarts whenever one
    /// of its ends is opened or finished.
    pub fn channel_ttl(mut self, ttl: Duration) -> Self {
        self.limits.ttl = ttl;
        self
    }

    /// How long the engine waits for a reader to answer the close of its stream; default: 60 s.
    pub fn linger(mut self, linger: Duration) -> Self {
        self.limits.linger = linger;
        self
    }

    /// How often workers are pinged, and the silence after which a worker counts as lost: its
    /// functions are removed, and its callers get an error. Defaults: 20 s and 60 s.
    ///
    /// Every WebSocket library answers pings, so this detects a worker that hangs, whose machine
    /// has failed, or whose network discards everything. Channel ends are not pinged, because their
    /// code may be busy for any length of time.
    pub fn keep_alive(mut self, ping_every: Duration, dead_after: Duration) -> Self {
        self.limits.keep_alive = KeepAlive {
            ping_every,
            dead_after,
        };
        self
    }

    /// How long the calls of a worker are kept after the loss of its control connection; default:
    /// zero, which ends them immediately.
    ///
    /// Within this time, a worker that reconnects continues its calls, those that it made and those
    /// that it runs. It receives no new calls meanwhile. Afterwards its callers get an error. They
    /// get it immediately if the worker closes its connection or does not respond. Only pipewright
    /// workers that reconnect ask for it.
    ///
    /// A killed process and a lost connection look the same to the engine. With a time of 10 s, the
    /// callers of a killed worker wait 10 s for their error, and so do runs with stages on it.
    /// Channels are not resumed: a stage whose channels were lost as well fails in any case.
    pub fn reattach_within(mut self, time: Duration) -> Self {
        self.limits.reattach_within = time;
        self
    }

    /// Behaves like an iii engine; see `testing::imitate_iii`.
    pub(crate) fn imitating_iii(mut self) -> Self {
        self.limits.behaviour = Behaviour::Iii;
        self.keep_alive(Duration::MAX, Duration::MAX)
    }

    /// Starts the engine on the current tokio runtime, and waits until it listens.
    ///
    /// # Errors
    ///
    /// * [`EngineError::Listen`] if the address is in use, not local or invalid.
    /// * [`EngineError::Unprotected`] if the address is not loopback and there is no token.
    /// * [`EngineError::BlankToken`] if a token is blank, [`EngineError::UnusableToken`] if no
    ///   client could send it, and [`EngineError::TokenTwice`] if two roles have the same token.
    /// * [`EngineError::Setting`] if a limit or an interval would make the engine unusable.
    /// * [`EngineError::Tls`] if a certificate or the key cannot be used.
    ///
    /// # Panics
    ///
    /// Panics outside of a tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves nothing running.
    pub async fn start(self) -> Result<Engine, EngineError> {
        self.access.check()?;
        self.limits.check()?;
        let acceptor = self.acceptor()?;
        let scheme = if acceptor.is_some() { "wss" } else { "ws" };
        let listening = match &self.listen {
            Some(address) => Some(listen(scheme, address, self.is_protected()).await?),
            None => None,
        };
        let core = Core::new(self.limits, self.access, acceptor.is_some(), self.dashboard);
        core.tasks.spawn(channels::sweep(
            Arc::clone(&core.channels),
            core.stopping.clone(),
        ));
        core.tasks.spawn(control::sweep(Arc::clone(&core)));
        let url = listening.map(|(listeners, url)| {
            for listener in listeners {
                let served = server::serve(listener, acceptor.clone(), Arc::clone(&core));
                core.tasks.spawn(served);
            }
            url
        });
        Ok(Engine::running(core, url))
    }

    /// Creates the TLS acceptor, if TLS is configured.
    #[cfg(feature = "tls")]
    fn acceptor(&self) -> Result<Option<Acceptor>, EngineError> {
        self.tls.as_ref().map(Tls::acceptor).transpose()
    }

    #[cfg(not(feature = "tls"))]
    #[expect(
        clippy::unused_self,
        clippy::unnecessary_wraps,
        reason = "as with `tls`"
    )]
    fn acceptor(&self) -> Result<Option<Acceptor>, EngineError> {
        Ok(None)
    }

    /// Whether clients must authenticate.
    fn is_protected(&self) -> bool {
        #[cfg(feature = "tls")]
        if let Some(tls) = &self.tls
            && tls.client_authorities.is_some()
        {
            return true;
        }
        self.access.is_protected()
    }
}
