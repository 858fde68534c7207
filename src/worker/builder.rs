use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use uuid::Uuid;

use super::connection::announcement::Announcement;
use super::connection::driver::{Driver, FirstConnection, Parts};
use super::connection::greeting::await_greeting;
use super::connection::state::{Link, Status};
use super::shared::{HandleGuard, Settings, Shared};
use super::{Backoff, MAX_MESSAGE, Worker};
use crate::codec::ItemLimits;
use crate::transport::{Address, ConnectError, KeepAlive};

/// The settings of a worker before it connects.
///
/// Created by [`Worker::builder`].
///
/// ```no_run
/// use std::time::Duration;
/// use pipewright::{Backoff, Worker};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let worker = Worker::builder("ws://127.0.0.1:49134")
///     .name("thumbnailer")
///     .reconnect(Backoff::new().max_attempts(20))
///     .call_timeout(Duration::from_secs(5))
///     .connect()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a worker connects by `.connect()`"]
pub struct WorkerBuilder {
    /// The error is reported by `connect`.
    address: Result<Address, ConnectError>,
    announcement: Announcement,
    backoff: Backoff,
    keep_alive: KeepAlive,
    call_timeout: Duration,
    shutdown_timeout: Duration,
    max_running_calls: usize,
    item_limits: ItemLimits,
}

impl Worker {
    /// Connects with default settings; [`builder`](Self::builder) has others.
    ///
    /// Waits for the engine's first message.
    ///
    /// # Errors
    ///
    /// See [`WorkerBuilder::connect`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future abandons the connection.
    pub async fn connect<A>(address: A) -> Result<Self, ConnectError>
    where
        A: TryInto<Address>,
        ConnectError: From<A::Error>,
    {
        Self::builder(address).connect().await
    }

    /// Creates the settings of a worker for `address`.
    ///
    /// The address may be text, an [`EngineUrl`](crate::EngineUrl) or an [`Address`]. Invalid text
    /// is reported by [`connect`](WorkerBuilder::connect).
    pub fn builder<A>(address: A) -> WorkerBuilder
    where
        A: TryInto<Address>,
        ConnectError: From<A::Error>,
    {
        WorkerBuilder::new(address.try_into().map_err(ConnectError::from))
    }
}

impl WorkerBuilder {
    pub(super) fn new(address: Result<Address, ConnectError>) -> Self {
        Self {
            address,
            announcement: Announcement::from_env(),
            backoff: Backoff::new(),
            keep_alive: KeepAlive::default(),
            // Every SDK waits this long for a result (`docs/protocol.md` section 2.4).
            call_timeout: Duration::from_secs(30),
            shutdown_timeout: Duration::from_secs(30),
            max_running_calls: 10_000,
            item_limits: ItemLimits::OF_STAGES,
        }
    }

    /// Sets the name under which the engine lists the worker. An engine may accept each name only
    /// once.
    ///
    /// The default is `III_WORKER_NAME` from the environment, or a name made of the host, the
    /// process id and a number.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.announcement.name = name.into();
        self
    }

    /// Describes the purpose of the worker for people.
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.announcement.description = Some(text.into());
        self
    }

    /// Sets the namespace for registering and calling functions; default: `III_NAMESPACE` from the
    /// environment, or the engine's default.
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.announcement.namespace = Some(namespace.into());
        self
    }

    /// Sets the delays of reconnecting. [`Backoff::never`] disables it.
    pub fn reconnect(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// Sets the default timeout of calls; default: 30 s.
    pub fn call_timeout(mut self, timeout: Duration) -> Self {
        self.call_timeout = timeout;
        self
    }

    /// Sets how long a shutdown waits for running functions; default: 30 s.
    pub fn shutdown_timeout(mut self, timeout: Duration) -> Self {
        self.shutdown_timeout = timeout;
        self
    }

    /// Sets how many calls of its functions the worker runs concurrently, including those whose
    /// caller expects no answer; default: 10,000. A call beyond the limit fails immediately with
    /// the code `too_many_calls` and is logged.
    pub fn max_running_calls(mut self, calls: usize) -> Self {
        self.max_running_calls = calls;
        self
    }

    /// Sets the limits for items that the registered stages of this worker read; default: 64 MiB
    /// and 256 levels. Where a pipeline runs a stage in its own process,
    /// [`Pipeline::limits`](crate::Pipeline::limits) applies.
    pub fn item_limits(mut self, limits: ItemLimits) -> Self {
        self.item_limits = limits;
        self
    }

    /// Sets the interval of pings to the engine, and the silence after which the connection counts
    /// as lost; defaults: 20 s and 60 s.
    pub fn keep_alive(mut self, ping_every: Duration, dead_after: Duration) -> Self {
        self.keep_alive = KeepAlive {
            ping_every,
            dead_after,
        };
        self
    }

    /// Connects, waits for the engine's first message and announces the worker.
    ///
    /// This makes one attempt; only an established connection is re-established later.
    /// [`connect_in_background`](Self::connect_in_background) also retries the first attempt.
    /// Starts a task on the current tokio runtime. [`Address::connect_timeout`] limits the
    /// duration. A peer that accepts the connection but sends nothing is accepted after 5 s.
    ///
    /// # Errors
    ///
    /// Fails if the address is invalid, no engine answers, the engine rejects the worker, or a
    /// setting is invalid.
    ///
    /// # Panics
    ///
    /// Panics outside of a tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future abandons the connection.
    pub async fn connect(mut self) -> Result<Worker, ConnectError> {
        let address = self.address()?;
        let mut transport = address.dial_control().await?;
        let greeting = await_greeting(transport.as_mut(), &address).await?;
        Ok(self.start(address, Some((transport, greeting))))
    }

    /// Makes the first connection in the background, so that a worker may start before its engine.
    ///
    /// The worker is [`Reconnecting`](crate::ConnectionState::Reconnecting) until it has connected,
    /// and is closed when [`reconnect`](Self::reconnect) gives up. Functions can be registered
    /// immediately; calls wait within their timeout. Rejected credentials are logged as a warning
    /// and tried again. Starts a task on the current tokio runtime.
    ///
    /// # Errors
    ///
    /// Fails if the address or a setting is invalid.
    ///
    /// # Panics
    ///
    /// Panics outside of a tokio runtime.
    pub fn connect_in_background(mut self) -> Result<Worker, ConnectError> {
        let address = self.address()?;
        Ok(self.start(address, None))
    }

    /// The address with the worker as its owner, if the settings are valid.
    fn address(&mut self) -> Result<Address, ConnectError> {
        if let Some(reason) = self.keep_alive.problem() {
            return Err(ConnectError::InvalidSetting {
                reason: format!("keep-alive: {reason}"),
            });
        }
        let stopped = Err(ConnectError::Stopped);
        let address = std::mem::replace(&mut self.address, stopped)?;
        Ok(address
            .owned_by(&Uuid::new_v4().to_string())
            .control_heartbeat(self.keep_alive.ping_every)
            .reattaching(self.backoff.delay(0, 0).is_some()))
    }

    /// Starts the worker's task, with its first connection if there is one.
    fn start(self, address: Address, first: Option<FirstConnection>) -> Worker {
        let (commands, queue) = mpsc::unbounded_channel();
        let link = match first {
            Some(_) => Link::Connected,
            None => Link::Reconnecting,
        };
        let (status, observed) = watch::channel(Status {
            link,
            worker_id: None,
            extended: false,
            reconnected: None,
        });
        let settings = Settings {
            address,
            announcement: self.announcement,
            call_timeout: self.call_timeout,
            shutdown_timeout: self.shutdown_timeout,
            max_running_calls: self.max_running_calls,
            item_limits: self.item_limits,
        };
        let alive = Arc::new(HandleGuard(commands.clone()));
        let shared = Arc::new(Shared::new(settings, commands, observed));
        let agreed = first.as_ref().map(|(transport, _)| transport.agreed());
        if let Some(limit) = agreed.and_then(|agreed| agreed.message_limit) {
            shared.limit_messages(limit.min(MAX_MESSAGE));
        }
        let driver = Driver::new(Parts {
            shared: Arc::clone(&shared),
            commands: queue,
            status,
            alive: Arc::downgrade(&alive),
            backoff: self.backoff,
            keep_alive: self.keep_alive,
        });
        tokio::spawn(driver.run(first));
        Worker::new(shared, alive, None)
    }
}
