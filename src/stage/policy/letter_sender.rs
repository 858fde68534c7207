use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;

use super::DeadLetter;
use crate::channel::Sender;
use crate::codec::Encode;
use crate::error::Error;

/// The destination of items that stages cannot process, for later inspection.
///
/// | created by | destination |
/// |---|---|
/// | [`file`](Self::file) | a file, one line of JSON each |
/// | [`each`](Self::each) | an async closure |
/// | `From<tokio::sync::mpsc::Sender<DeadLetter>>` | a receiver within the process |
/// | [`new`](Self::new), `From<Sender<DeadLetter>>` | a channel |
/// | [`reopening`](Self::reopening) | a channel, replaced by a new one when it is lost |
///
/// The first three need no engine.
///
/// Cheap to clone; several stages may share one. The stream of letters ends when the last clone is
/// dropped. For a stage, that is at the end of its run, and the run waits for it before it returns
/// its report. [`close`](Self::close) ends the stream earlier.
#[derive(Clone)]
pub struct DeadLetters(Arc<Shared>);

struct Shared {
    letters: mpsc::Sender<LetterCommand>,
    ended: watch::Receiver<Ended>,
}

/// How the stream of letters ended; `None` before.
type Ended = Option<Result<(), Failed>>;

/// An error with its causes, cloned for every caller.
#[derive(Clone)]
pub(super) struct Failed(Arc<str>);

impl From<Failed> for Error {
    fn from(Failed(text): Failed) -> Self {
        Self::msg(text)
    }
}

impl Failed {
    pub(super) fn new(error: impl Into<Error>) -> Self {
        Self(format!("{:#}", error.into()).into())
    }
}

/// A request to the sending task.
pub(super) enum LetterCommand {
    /// A letter, and a channel for the result.
    Letter(DeadLetter, oneshot::Sender<Result<(), Error>>),
    Close,
}

/// Number of letters that may wait for the previous one to be sent; each of them blocks a stage.
const QUEUED: usize = 16;

/// How long it may take to reopen a channel, for example while a worker reconnects.
const REOPEN: Duration = Duration::from_secs(30);

impl DeadLetters {
    /// Sends letters to `sender` from a separate task. It connects immediately, so the first letter
    /// may arrive at any later time.
    ///
    /// A channel belongs to one engine and one connection. When either is lost, every later letter
    /// fails, and the run with it. For a stage that outlives them, use
    /// [`reopening`](Self::reopening).
    ///
    /// # Panics
    ///
    /// Panics outside of a tokio runtime.
    pub fn new<F: Encode<DeadLetter>>(sender: Sender<DeadLetter, F>) -> Self {
        Self::start(Opened(Some(sender)))
    }

    /// Sends letters to the sender that `open` returns, from a separate task, and requests another
    /// sender when a channel is lost. Use it for a stage that stays registered longer than an
    /// engine or connection lives.
    ///
    /// `open` is called immediately, with a timeout of 30 seconds each time. The letter whose
    /// sending revealed the loss is sent again and may arrive in both channels. Letters that were
    /// sent before may be lost with the channel.
    ///
    /// # Panics
    ///
    /// Panics outside of a tokio runtime.
    ///
    /// # Example
    ///
    /// ```
    /// # #[cfg(all(feature = "engine", feature = "macros"))]
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> pipewright::Result<()> {
    /// use pipewright::{Channel, DeadLetter, DeadLetters, Worker};
    ///
    /// let worker = Worker::embedded().await?;
    /// let at = worker.clone();
    /// let letters = DeadLetters::reopening(move || {
    ///     let worker = at.clone();
    ///     async move {
    ///         let letters: Channel<DeadLetter> = worker.channel(None).await?;
    ///         // The receiver goes to whoever looks at the letters.
    ///         tokio::spawn(async move { drop(letters.receiver) });
    ///         Ok(letters.sender)
    ///     }
    /// });
    /// # drop(letters);
    /// # Ok(()) }
    /// # #[cfg(not(all(feature = "engine", feature = "macros")))]
    /// # fn main() {}
    /// ```
    pub fn reopening<F, O, R>(open: O) -> Self
    where
        F: Encode<DeadLetter>,
        O: Fn() -> R + Send + 'static,
        R: Future<Output = Result<Sender<DeadLetter, F>, Error>> + Send + 'static,
    {
        Self::start(Reopened { open })
    }

    fn start(open: impl Open) -> Self {
        Self::spawn(|posted| send(open, posted))
    }

    /// Starts a task that handles the letters.
    pub(super) fn spawn<R>(deal: impl FnOnce(mpsc::Receiver<LetterCommand>) -> R) -> Self
    where
        R: Future<Output = Result<(), Failed>> + Send + 'static,
    {
        let (letters, posted) = mpsc::channel(QUEUED);
        let (end, ended) = watch::channel(None);
        let dealing = deal(posted);
        tokio::spawn(async move {
            let result = dealing.await;
            if let Err(Failed(error)) = &result {
                tracing::warn!(%error, "the stream of dead letters failed");
            }
            // No caller may be waiting for the result.
            let _ = end.send(Some(result));
        });
        Self(Arc::new(Shared { letters, ended }))
    }

    /// Sends a letter and waits until the engine has received it.
    pub(super) async fn post(&self, letter: DeadLetter) -> Result<(), Error> {
        let (done, sent) = oneshot::channel();
        if self
            .0
            .letters
            .send(LetterCommand::Letter(letter, done))
            .await
            .is_ok()
            && let Ok(sent) = sent.await
        {
            return sent;
        }
        match &*self.0.ended.borrow() {
            Some(Err(failed)) => Err(failed.clone().into()),
            _ => Err(Error::msg("the stream of dead letters was closed before")),
        }
    }

    /// Ends the stream, even if there are other clones, and waits for the engine's confirmation.
    /// Later letters fail.
    ///
    /// # Errors
    ///
    /// Returns the channel's error, on every call.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the stream ends once the future has been polled past its first wait. Call it
    /// again to continue waiting.
    pub async fn close(&self) -> Result<(), Error> {
        // If the task has already ended, its result is available.
        let _ = self.0.letters.send(LetterCommand::Close).await;
        ended(self.0.ended.clone()).await
    }

    /// Waits for the end of the stream, after the caller has dropped its clones.
    ///
    /// Must be created before that and polled after it.
    pub(super) fn end(&self) -> BoxFuture<'static, Result<(), Error>> {
        let (held, watch): (Weak<Shared>, _) = (Arc::downgrade(&self.0), self.0.ended.clone());
        async move {
            // While other clones exist, the stream continues, and each letter was already
            // confirmed.
            if held.strong_count() > 0 {
                return Ok(());
            }
            ended(watch).await
        }
        .boxed()
    }
}

async fn ended(mut ended: watch::Receiver<Ended>) -> Result<(), Error> {
    match ended.wait_for(Option::is_some).await {
        Ok(end) => end.clone().unwrap_or(Ok(())).map_err(Error::from),
        Err(_) => Err(Error::msg(
            "the task that sends dead letters was dropped with its runtime",
        )),
    }
}

/// Opens the channels for letters, one after the other.
trait Open: Send + 'static {
    type Format: Encode<DeadLetter>;

    /// Returns an unused sender, or `None` if there are no more.
    fn open(&mut self) -> impl Future<Output = Result<Option<LetterSender<Self>>, Error>> + Send;
}

type LetterSender<O> = Sender<DeadLetter, <O as Open>::Format>;

/// A single sender.
struct Opened<F: Encode<DeadLetter>>(Option<Sender<DeadLetter, F>>);

impl<F: Encode<DeadLetter>> Open for Opened<F> {
    type Format = F;

    async fn open(&mut self) -> Result<Option<Sender<DeadLetter, F>>, Error> {
        Ok(self.0.take())
    }
}

struct Reopened<O> {
    open: O,
}

impl<F, O, R> Open for Reopened<O>
where
    F: Encode<DeadLetter>,
    O: Fn() -> R + Send + 'static,
    R: Future<Output = Result<Sender<DeadLetter, F>, Error>> + Send + 'static,
{
    type Format = F;

    async fn open(&mut self) -> Result<Option<Sender<DeadLetter, F>>, Error> {
        let opening = pin!((self.open)());
        match timeout(REOPEN, opening).await {
            Ok(opened) => opened.map(Some),
            Err(_) => Err(Error::msg(format_args!(
                "the channel of the dead letters was not opened within {REOPEN:?}"
            ))),
        }
    }
}

/// Sends until there are no more letters, or the stream is closed.
async fn send<O: Open>(
    mut open: O,
    mut posted: mpsc::Receiver<LetterCommand>,
) -> Result<(), Failed> {
    let mut sender = connect(&mut open).await;
    while let Some(LetterCommand::Letter(letter, done)) = next(&mut sender, &mut posted).await {
        let mut sent = deliver(&mut sender, letter.clone()).await;
        if sent.is_err() {
            match connect(&mut open).await {
                Ok(None) => {}
                Err(failed) => sent = Err(failed),
                anew => {
                    sender = anew;
                    sent = deliver(&mut sender, letter).await;
                }
            }
        }
        // A poster that no longer waits was cancelled.
        let _ = done.send(sent.map_err(Error::from));
    }
    match sender? {
        Some(mut sender) => match sender.close().await {
            // The reader of the letters may stop at any time; each letter was confirmed when it was
            // sent.
            Err(error) if !error.is_reader_gone() => Err(Failed::new(error)),
            Ok(()) | Err(_) => Ok(()),
        },
        None => Ok(()),
    }
}

/// Returns the next request. If the channel is lost meanwhile, it is abandoned, so that no letter
/// is sent into it.
async fn next<F: Encode<DeadLetter>>(
    sender: &mut Result<Option<Sender<DeadLetter, F>>, Failed>,
    posted: &mut mpsc::Receiver<LetterCommand>,
) -> Option<LetterCommand> {
    if let Ok(Some(open)) = sender {
        tokio::select! {
            next = posted.recv() => return next,
            gone = poll_fn(|cx| open.poll_gone(cx)) => {
                *sender = if gone.is_reader_gone() { Ok(None) } else { Err(Failed::new(gone)) };
            }
        }
    }
    posted.recv().await
}

/// Opens a channel and connects to it.
async fn connect<O: Open>(open: &mut O) -> Result<Option<LetterSender<O>>, Failed> {
    let mut opened = open.open().await.map_err(Failed::new)?;
    if let Some(sender) = &mut opened {
        sender.flush().await.map_err(Failed::new)?;
    }
    Ok(opened)
}

async fn deliver<F: Encode<DeadLetter>>(
    sender: &mut Result<Option<Sender<DeadLetter, F>>, Failed>,
    letter: DeadLetter,
) -> Result<(), Failed> {
    match sender {
        Ok(Some(sender)) => {
            let sent = sender.send(letter).await;
            sent.map_err(|error| Failed::new(error.without_item::<()>()))?;
            sender.flush().await.map_err(Failed::new)
        }
        Ok(None) => Err(Failed("the channel of the dead letters is lost".into())),
        Err(failed) => Err(failed.clone()),
    }
}

impl<F: Encode<DeadLetter>> From<Sender<DeadLetter, F>> for DeadLetters {
    /// See [`DeadLetters::new`].
    fn from(sender: Sender<DeadLetter, F>) -> Self {
        Self::new(sender)
    }
}

impl fmt::Debug for DeadLetters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeadLetters").finish_non_exhaustive()
    }
}
