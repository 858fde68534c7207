use std::sync::Arc;
use std::time::Duration;

use super::access::Access;
use super::behaviour::Behaviour;
use super::core::Core;
use super::limits::Limits;
use super::listen::listen;
use super::server::Acceptor;
#[cfg(feature = "tls")]
use super::tls::Tls;
use super::{Engine, EngineError, Role, channels, server};
use crate::transport::KeepAlive;

/// Where an engine listens unless told: the port that workers expect, on loopback only.
const DEFAULT_LISTEN: &str = "127.0.0.1:49134";

/// Settings of an [`Engine`]; made by [`Engine::builder`].
///
/// `Debug` never prints the token.
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

    /// Listens on `address`, `host:port`; default: `127.0.0.1:49134`. Port 0 takes a free one.
    ///
    /// A name such as `localhost` may stand for several addresses: the engine listens on each, at
    /// the same port.
    pub fn listen(mut self, address: impl Into<String>) -> Self {
        self.listen = Some(address.into());
        self
    }

    /// Opens no socket: the engine serves this process only, by [`Engine::address`].
    pub fn in_process(mut self) -> Self {
        self.listen = None;
        self
    }

    /// Workers have to send `Authorization: Bearer <token>`.
    ///
    /// Channels are opened by the access key of their ref, with or without the token, because SDKs
    /// before 0.24 send it on the control socket only (`docs/protocol.md` section 1.1).
    pub fn bearer_token(mut self, token: impl Into<String>) -> Self {
        self.access.grant(token.into());
        self
    }

    /// Workers with this token may do what `role` says and no more; may be called several times.
    ///
    /// As with [`bearer_token`](Self::bearer_token), nobody connects without a token then.
    pub fn role(mut self, token: impl Into<String>, role: Role) -> Self {
        self.access.limit(token.into(), role);
        self
    }

    /// Serves `wss://` only: a chain of certificates, the engine's own first, and its private key,
    /// both PEM.
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

    /// Takes only clients with a certificate of these authorities, PEM; needs
    /// [`tls`](Self::tls) before it.
    ///
    /// # Panics
    ///
    /// Without [`tls`](Self::tls), because nothing would be checked.
    #[cfg(feature = "tls")]
    pub fn client_authorities(mut self, certificates: impl Into<Vec<u8>>) -> Self {
        let tls = self.tls.as_mut();
        let tls = tls.expect("certificates of clients are checked by `tls` only, which is not set");
        tls.client_authorities = Some(certificates.into());
        self
    }

    /// Whether a browser that opens the engine's address is given the dashboard; yes unless told.
    ///
    /// What it shows is told to whoever may trigger the functions of the engine that list, as
    /// `docs/dashboard.md` says. Without it `/` is for workers only, and the engine keeps no record
    /// of runs: `engine::runs::list` is not served, and calls are not searched for refs.
    pub fn dashboard(mut self, dashboard: bool) -> Self {
        self.dashboard = dashboard;
        self
    }

    /// How many connections there may be at a time, control and channels; 65 536 unless told.
    ///
    /// One more is answered with the HTTP status 503. Workers within the process are not counted.
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.limits.connections = connections;
        self
    }

    /// How many connections may have said nothing yet; 1024 unless told.
    ///
    /// That is, their request is not there, or it was that of a worker and no message has
    /// followed. Of more the oldest is cut off: whoever means well says something at once.
    pub fn max_newcomers(mut self, connections: usize) -> Self {
        self.limits.newcomers = connections;
        self
    }

    /// How many channels may be unfinished at a time; 100 000 unless told.
    ///
    /// The last tenth is for workers that have made few: one that has made as many as are left
    /// makes no more.
    pub fn max_channels(mut self, channels: usize) -> Self {
        self.limits.channels = channels;
        self
    }

    /// How many channels that one worker has made may be unfinished; 25 000 unless told.
    pub fn max_channels_per_worker(mut self, channels: usize) -> Self {
        self.limits.worker_channels = channels;
        self
    }

    /// How many functions one worker may register; 10 000 unless told.
    pub fn max_functions_per_worker(mut self, functions: usize) -> Self {
        self.limits.worker_functions = functions;
        self
    }

    /// How many calls of one worker may wait for their results; 100 000 unless told.
    ///
    /// The engine never times a call out (`docs/protocol.md` section 2.4), so that something else has to bound
    /// them.
    pub fn max_calls_per_worker(mut self, calls: usize) -> Self {
        self.limits.worker_calls = calls;
        self
    }

    /// How many bytes the engine keeps for all workers together; default: 512 MiB.
    ///
    /// That is what functions say of themselves, what is known of open calls, and messages that
    /// wait to be sent. A worker that holds as much as is left for all gets no more: its
    /// registrations and calls are refused, and calls of it fail with code `overloaded`. One worker
    /// holds at most 8 MiB of registrations, 64 MiB of open calls and 64 MiB of waiting messages.
    pub fn max_control_bytes(mut self, bytes: usize) -> Self {
        self.limits.control_bytes = bytes;
        self
    }

    /// How many bytes of long messages that are not whole the engine keeps over all connections;
    /// 512 MiB unless told.
    ///
    /// A connection that keeps as much as is left for all is closed with code 1009. What a
    /// connection keeps up to 256 KiB does not count, so that short messages always pass.
    pub fn max_incoming_bytes(mut self, bytes: usize) -> Self {
        self.limits.incoming_bytes = bytes;
        self
    }

    /// How many payload bytes the engine holds for slow readers; 4 GiB unless told.
    ///
    /// The channels of a worker that hold as much together as is left for all pass on frame by
    /// frame, so that their writers wait for their readers; beyond the whole no channel is made. Each
    /// holds at most [`max_channel_bytes`](Self::max_channel_bytes).
    pub fn max_held_bytes(mut self, bytes: usize) -> Self {
        self.limits.held_bytes = bytes;
        self
    }

    /// How many payload bytes one channel may hold for its reader; 64 MiB unless told.
    ///
    /// A channel holds at most 64 KiB for each frame of its `buffer_size`, too.
    pub fn max_channel_bytes(mut self, bytes: usize) -> Self {
        self.limits.channel_bytes = bytes;
        self
    }

    /// How many bytes one message may have, control or channel; 64 MiB unless told.
    pub fn max_message_bytes(mut self, bytes: usize) -> Self {
        self.limits.message = bytes;
        self
    }

    /// How many bytes one frame of a channel may have; 16 MiB unless told.
    pub fn max_frame_bytes(mut self, bytes: usize) -> Self {
        self.limits.frame = bytes;
        self
    }

    /// How long a client may take for its request; 10 seconds unless told.
    pub fn handshake_timeout(mut self, timeout: Duration) -> Self {
        self.limits.handshake = timeout;
        self
    }

    /// How long a channel waits for an end that nobody opens, counted from the last time that one
    /// of its ends was opened or finished; 300 seconds unless told.
    pub fn channel_ttl(mut self, ttl: Duration) -> Self {
        self.limits.ttl = ttl;
        self
    }

    /// How long a reader may take to answer the close of its stream; 60 seconds unless told.
    pub fn linger(mut self, linger: Duration) -> Self {
        self.limits.linger = linger;
        self
    }

    /// How often workers are pinged, and after how much silence a worker is taken for gone: its
    /// functions are removed and their callers told; 20 s and 60 s unless told.
    ///
    /// Every WebSocket library answers a ping. So a worker that hangs, whose machine has gone or
    /// whose line swallows everything is found. Ends of channels are not asked, because their code
    /// may do something else for as long as it likes.
    pub fn keep_alive(mut self, ping_every: Duration, dead_after: Duration) -> Self {
        self.limits.keep_alive = KeepAlive {
            ping_every,
            dead_after,
        };
        self
    }

    /// Behaves as an iii engine does: see `testing::imitate_iii`.
    pub(crate) fn imitating_iii(mut self) -> Self {
        self.limits.behaviour = Behaviour::Iii;
        self.keep_alive(Duration::MAX, Duration::MAX)
    }

    /// Starts the engine on the current tokio runtime.
    ///
    /// Waits until the engine listens.
    ///
    /// # Errors
    ///
    /// * [`EngineError::Listen`] if the address is taken, not local or not an address.
    /// * [`EngineError::Unprotected`] if the address is not loopback and there is no token.
    /// * [`EngineError::BlankToken`] if a token is blank, [`EngineError::UnusableToken`] if no
    ///   client could send it, [`EngineError::TokenTwice`] if two roles have the same.
    /// * [`EngineError::Setting`] if nobody could be served with a limit or an interval.
    /// * [`EngineError::Tls`] if a certificate or the key cannot be used.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
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
        let url = listening.map(|(listeners, url)| {
            for listener in listeners {
                let served = server::serve(listener, acceptor.clone(), Arc::clone(&core));
                core.tasks.spawn(served);
            }
            url
        });
        Ok(Engine::running(core, url))
    }

    /// What encrypts connections, if anything does.
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

    /// Whether not everybody is served who reaches the engine.
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
