use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use uuid::Uuid;

use super::announcement::Announcement;
use super::driver::{Driver, First, Parts};
use super::greeting::await_greeting;
use super::shared::{Alive, Settings, Shared};
use super::state::{Link, Status};
use super::{Backoff, MAX_MESSAGE, Worker};
use crate::transport::{Address, ConnectError, KeepAlive};

/// The settings of a worker that is to be connected.
///
/// Made by [`Worker::builder`].
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
    /// Or why it is none, which `connect` tells.
    address: Result<Address, ConnectError>,
    announcement: Announcement,
    backoff: Backoff,
    keep_alive: KeepAlive,
    call_timeout: Duration,
    shutdown_timeout: Duration,
    max_running_calls: usize,
}

impl WorkerBuilder {
    pub(super) fn new(address: Result<Address, ConnectError>) -> Self {
        Self {
            address,
            announcement: Announcement::from_env(),
            backoff: Backoff::new(),
            keep_alive: KeepAlive::default(),
            // What every SDK waits for a result (`docs/protocol.md` section 2.4).
            call_timeout: Duration::from_secs(30),
            shutdown_timeout: Duration::from_secs(30),
            max_running_calls: 10_000,
        }
    }

    /// The name that the engine lists the worker by. An engine may take each name once.
    ///
    /// Unless told it is the environment's `III_WORKER_NAME`, or else made of the host, the
    /// process and a number.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.announcement.name = name.into();
        self
    }

    /// What the worker is for, for people.
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.announcement.description = Some(text.into());
        self
    }

    /// The namespace that functions are registered and looked for in; the environment's
    /// `III_NAMESPACE`, or the engine's default, unless told.
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.announcement.namespace = Some(namespace.into());
        self
    }

    /// When to try again after the connection was lost. [`Backoff::never`] for not at all.
    pub fn reconnect(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// How long a call waits for its result where the call does not say; 30 s unless told.
    pub fn call_timeout(mut self, timeout: Duration) -> Self {
        self.call_timeout = timeout;
        self
    }

    /// How long a shutdown waits for running functions; 30 s unless told.
    pub fn shutdown_timeout(mut self, timeout: Duration) -> Self {
        self.shutdown_timeout = timeout;
        self
    }

    /// How many calls of its functions the worker runs at a time, with those whose caller wants no
    /// answer; default: 10,000. A call beyond the limit fails at once with the code
    /// `too_many_calls`, and the log says so.
    pub fn max_running_calls(mut self, calls: usize) -> Self {
        self.max_running_calls = calls;
        self
    }

    /// How often to ping the engine, and after how much silence to take the connection for lost;
    /// 20 s and 60 s unless told.
    pub fn keep_alive(mut self, ping_every: Duration, dead_after: Duration) -> Self {
        self.keep_alive = KeepAlive {
            ping_every,
            dead_after,
        };
        self
    }

    /// Connects, waits for the engine's greeting and announces the worker.
    ///
    /// One attempt: only a connection that was there is made again;
    /// [`connect_in_background`](Self::connect_in_background) tries the first again, too. Starts a task on the
    /// present tokio runtime. The address bounds the time to connect
    /// ([`Address::connect_timeout`]); a peer that takes the connection and says nothing is taken
    /// as it is after 5 s.
    ///
    /// # Errors
    ///
    /// When the address is none, there is no engine at it, it turns the worker away, or a setting
    /// cannot work.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives the connection up.
    pub async fn connect(mut self) -> Result<Worker, ConnectError> {
        let address = self.address()?;
        let mut transport = address.dial_control().await?;
        let greeting = await_greeting(transport.as_mut(), &address).await?;
        Ok(self.start(address, Some((transport, greeting))))
    }

    /// Makes the first connection in the background, too: a worker may start before its engine.
    ///
    /// The worker is [`Reconnecting`](crate::ConnectionState::Reconnecting) until there is an
    /// engine, and is closed when [`reconnect`](Self::reconnect) gives up. Functions can be
    /// registered at once; calls wait within their timeout. A refusal of the credentials is logged
    /// as a warning and tried again. Starts a task on the present tokio runtime.
    ///
    /// # Errors
    ///
    /// When the address is none, or a setting cannot work.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn connect_in_background(mut self) -> Result<Worker, ConnectError> {
        let address = self.address()?;
        Ok(self.start(address, None))
    }

    /// Where to connect, named after the worker, if the settings can work.
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
            .control_heartbeat(self.keep_alive.ping_every))
    }

    /// Starts the task behind the worker, with its first connection if there is one already.
    fn start(self, address: Address, first: Option<First>) -> Worker {
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
        };
        let alive = Arc::new(Alive(commands.clone()));
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
