//! Destinations for dead letters that are not channels.

use std::error::Error as StdError;
use std::future::Future;
use std::path::{Path, PathBuf};

use tokio::fs::{File, OpenOptions};
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;

use super::letter_sender::{Failed, LetterCommand};
use super::{DeadLetter, DeadLetters};
use crate::error::Error;

/// A destination of dead letters, which are stored one after the other.
pub(super) trait LetterBox: Send + 'static {
    /// Stores a letter. When this returns `Ok`, the destination has it.
    fn put(&mut self, letter: DeadLetter) -> impl Future<Output = Result<(), Error>> + Send;

    /// Completes the destination; no letters follow.
    fn close(self) -> impl Future<Output = Result<(), Error>> + Send;
}

/// Stores letters until all senders of letters are dropped, or the stream is closed.
pub(super) async fn put_all(
    mut place: impl LetterBox,
    mut posted: mpsc::Receiver<LetterCommand>,
) -> Result<(), Failed> {
    while let Some(LetterCommand::Letter(letter, done)) = posted.recv().await {
        // A poster that no longer waits was cancelled.
        let _ = done.send(place.put(letter).await);
    }
    place.close().await.map_err(Failed::new)
}

impl DeadLetters {
    /// Appends letters to the file at `path`, one line of JSON each. The file is created if it does
    /// not exist.
    ///
    /// Each letter is passed to the operating system before its stage continues. After the last
    /// letter, before the run returns its report, the file is synced to disk. If the file cannot be
    /// opened or written, the run fails.
    ///
    /// # Panics
    ///
    /// Panics outside of a tokio runtime.
    ///
    /// # Example
    ///
    /// ```
    /// # #[cfg(feature = "macros")]
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> pipewright::Result<()> {
    /// use pipewright::{DeadLetters, ItemStageExt, Pipeline, pipeline_stage};
    ///
    /// #[pipeline_stage]
    /// fn parse(text: String) -> pipewright::Result<i32> {
    ///     Ok(text.parse()?)
    /// }
    ///
    /// # let dir = tempfile::tempdir()?;
    /// # let path = dir.path().join("dead.ndjson");
    /// let texts = ["1", "x", "3"].map(str::to_owned);
    /// let stage = parse.dead_letter(DeadLetters::file(&path));
    /// let numbers: Vec<i32> = Pipeline::from_iter(texts).then(stage).run_local().collect().await?;
    /// assert_eq!(numbers, [1, 3]);
    /// assert!(std::fs::read_to_string(&path)?.contains(r#""item":1,"format":"ndjson""#));
    /// # Ok(()) }
    /// # #[cfg(not(feature = "macros"))]
    /// # fn main() {}
    /// ```
    pub fn file(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref().to_owned();
        Self::put_into(LetterFile { path, file: None })
    }

    /// Calls `each` for every letter, one after the other, and waits for the result. An error fails
    /// the run.
    ///
    /// # Panics
    ///
    /// Panics outside of a tokio runtime.
    ///
    /// # Example
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// use pipewright::DeadLetters;
    ///
    /// let letters = DeadLetters::each(async |letter| {
    ///     eprintln!("{} could not handle item {}: {}", letter.stage, letter.item, letter.error);
    ///     Ok::<_, pipewright::Error>(())
    /// });
    /// # drop(letters);
    /// # }
    /// ```
    pub fn each<F, C, E>(each: F) -> Self
    where
        F: FnMut(DeadLetter) -> C + Send + 'static,
        C: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<Box<dyn StdError + Send + Sync>> + 'static,
    {
        Self::put_into(Called(each))
    }

    fn put_into(place: impl LetterBox) -> Self {
        Self::spawn(|posted| put_all(place, posted))
    }
}

impl From<mpsc::Sender<DeadLetter>> for DeadLetters {
    /// Sends letters to a receiver within the process. Once the receiver has been dropped, sending
    /// a letter fails.
    ///
    /// # Panics
    ///
    /// Panics outside of a tokio runtime.
    fn from(sender: mpsc::Sender<DeadLetter>) -> Self {
        Self::put_into(sender)
    }
}

struct LetterFile {
    path: PathBuf,
    /// Opened when the first letter arrives.
    file: Option<File>,
}

impl LetterFile {
    fn failed(&self, error: &std::io::Error) -> Error {
        let path = self.path.display();
        Error::msg(format_args!(
            "dead letters cannot be written to {path}: {error}"
        ))
    }

    async fn write(&mut self, line: &[u8]) -> Result<(), std::io::Error> {
        let file = if let Some(file) = &mut self.file {
            file
        } else {
            let mut options = OpenOptions::new();
            let opened = options.append(true).create(true).open(&self.path).await?;
            self.file.insert(opened)
        };
        file.write_all(line).await?;
        file.flush().await
    }
}

impl LetterBox for LetterFile {
    async fn put(&mut self, letter: DeadLetter) -> Result<(), Error> {
        let mut line = serde_json::to_vec(&letter)?;
        line.push(b'\n');
        self.write(&line).await.map_err(|error| self.failed(&error))
    }

    async fn close(self) -> Result<(), Error> {
        match &self.file {
            Some(file) => file.sync_all().await.map_err(|error| self.failed(&error)),
            None => Ok(()),
        }
    }
}

struct Called<F>(F);

impl<F, C, E> LetterBox for Called<F>
where
    F: FnMut(DeadLetter) -> C + Send + 'static,
    C: Future<Output = Result<(), E>> + Send + 'static,
    E: Into<Box<dyn StdError + Send + Sync>> + 'static,
{
    async fn put(&mut self, letter: DeadLetter) -> Result<(), Error> {
        let call = (self.0)(letter);
        call.await.map_err(Error::boxed)
    }

    async fn close(self) -> Result<(), Error> {
        Ok(())
    }
}

impl LetterBox for mpsc::Sender<DeadLetter> {
    async fn put(&mut self, letter: DeadLetter) -> Result<(), Error> {
        let sent = self.send(letter).await;
        sent.map_err(|_| Error::msg("the receiver of the dead letters is gone"))
    }

    async fn close(self) -> Result<(), Error> {
        Ok(())
    }
}
