use std::convert::Infallible;
use std::future::pending;
use std::io;

use super::{Closed, ShutdownError, Worker};

impl Worker {
    /// Serves functions and stages until the process receives SIGINT or SIGTERM (Ctrl-C on
    /// Windows), or until the connection is lost permanently.
    ///
    /// On a signal it lets running functions finish, like [`shutdown`](Self::shutdown); a second
    /// signal ends that wait. The `main` of a program that only serves can end with it.
    ///
    /// # Errors
    ///
    /// * [`ServeError::Closed`] if the connection was lost permanently, or rejected.
    /// * [`ServeError::Unfinished`] if functions had to be stopped.
    /// * [`ServeError::Interrupted`] if a second signal arrived before they had finished.
    /// * [`ServeError::Signals`] if the process cannot listen for signals.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before the first signal, nothing is lost. If it is dropped later,
    /// the shutdown continues. Once this method has been called, the signals no longer end the
    /// process.
    ///
    /// # Example
    ///
    /// ```no_run
    /// # async fn example() -> pipewright::Result<()> {
    /// let worker = pipewright::Worker::connect("ws://127.0.0.1:49134").await?;
    /// worker.register_function("text::upper", async |text: String| text.to_uppercase())?;
    /// worker.serve().await?;
    /// # Ok(()) }
    /// ```
    pub async fn serve(&self) -> Result<(), ServeError> {
        let mut signals = Signals::listen().map_err(ServeError::Signals)?;
        tokio::select! {
            () = signals.next() => {}
            closed = self.closed() => return served(closed),
            never = self.tell_standing() => match never {},
        }
        tokio::select! {
            () = signals.next() => Err(ServeError::Interrupted),
            finished = self.shutdown() => finished.map_err(ServeError::Unfinished),
        }
    }
}

impl Worker {
    /// Logs the engine's response to the registered functions.
    async fn tell_standing(&self) -> Infallible {
        match self.registered().await {
            Ok(registered) if registered.is_complete() => {
                tracing::info!(worker = self.name(), "every function is served");
            }
            Ok(registered) => {
                tracing::warn!(worker = self.name(), %registered, "not every function is served");
            }
            // The other branch reports the end of the worker.
            Err(error) => {
                tracing::debug!(worker = self.name(), %error, "the engine did not answer");
            }
        }
        pending().await
    }
}

/// The error of [`Worker::serve`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The connection was lost permanently.
    #[error("the worker stopped serving: {0}")]
    Closed(#[source] Closed),
    /// Functions did not finish in time.
    #[error(transparent)]
    Unfinished(ShutdownError),
    /// A second signal arrived while functions were finishing.
    #[error("interrupted before everything had finished")]
    Interrupted,
    /// The process cannot listen for signals.
    #[error("cannot listen for signals: {0}")]
    Signals(#[source] io::Error),
}

/// The result of serving for the end of a connection.
#[expect(clippy::result_large_err, reason = "made once, at the end of a worker")]
fn served(closed: Closed) -> Result<(), ServeError> {
    match closed {
        Closed::ShutDown { unfinished: 0 } | Closed::Unused => Ok(()),
        closed => Err(ServeError::Closed(closed)),
    }
}

/// The signals that ask the process to stop.
struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(windows)]
    ctrl_c: tokio::signal::windows::CtrlC,
}

impl Signals {
    #[cfg(unix)]
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    #[cfg(windows)]
    fn listen() -> io::Result<Self> {
        let ctrl_c = tokio::signal::windows::ctrl_c()?;
        Ok(Self { ctrl_c })
    }

    #[cfg(unix)]
    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    #[cfg(windows)]
    async fn next(&mut self) {
        self.ctrl_c.recv().await;
    }
}
