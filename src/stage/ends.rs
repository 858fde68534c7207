use super::StageError;
use crate::channel::{ChannelReader, ChannelWriter};
use crate::error::Error;

/// The ends of the channels that a stage runs between: a producer has no reader, a consumer no
/// writer.
#[derive(Debug, Default)]
pub struct Ends {
    pub(crate) reader: Option<ChannelReader>,
    pub(crate) writer: Option<ChannelWriter>,
}

impl Ends {
    /// Connects both ends before the stage's code runs: an end that connects late would be taken
    /// for one that nobody opens, and would not see its peer leave. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// When an end cannot connect.
    pub(crate) async fn connect(&mut self) -> Result<(), Error> {
        let Self { reader, writer } = self;
        let reading = async {
            match reader {
                Some(reader) => reader.connect().await.map_err(Error::from),
                None => Ok(()),
            }
        };
        let writing = async {
            match writer {
                Some(writer) => writer.open().await.map_err(Error::from),
                None => Ok(()),
            }
        };
        tokio::try_join!(reading, writing)?;
        Ok(())
    }

    /// The reader that `stage` needs.
    pub(super) fn reader(&mut self, stage: &str) -> Result<ChannelReader, StageError> {
        self.reader.take().ok_or_else(|| {
            StageError::new(
                StageError::BAD_REQUEST,
                stage,
                "the stage needs a `readerRef`",
            )
        })
    }

    /// The writer that `stage` needs.
    pub(super) fn writer(&mut self, stage: &str) -> Result<ChannelWriter, StageError> {
        self.writer.take().ok_or_else(|| {
            StageError::new(
                StageError::BAD_REQUEST,
                stage,
                "the stage needs a `writerRef`",
            )
        })
    }

    /// Both ends, for a stage in the middle. If one lacks the other is told.
    pub(super) async fn both(
        &mut self,
        stage: &str,
    ) -> Result<(ChannelReader, ChannelWriter), StageError> {
        match (self.reader(stage), self.writer(stage)) {
            (Ok(reader), Ok(writer)) => Ok((reader, writer)),
            (Err(error), Ok(mut writer)) => {
                // The failure itself goes to whoever started the stage.
                let _ = writer.abort(error.abort().clone()).await;
                Err(error)
            }
            (Ok(mut reader), Err(error)) => {
                reader.close().await;
                Err(error)
            }
            (Err(error), Err(_)) => Err(error),
        }
    }
}
