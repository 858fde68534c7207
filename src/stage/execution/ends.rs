use super::super::StageError;
use crate::channel::{ChannelReader, ChannelWriter};
use crate::error::Error;

/// The channel ends of a stage. A producer has no reader, and a consumer has no writer.
#[derive(Debug, Default)]
pub struct Ends {
    pub(crate) reader: Option<ChannelReader>,
    pub(crate) writer: Option<ChannelWriter>,
}

impl Ends {
    /// Connects both ends before the stage's code runs. An end that connects late would look as if
    /// it was never opened, and would not notice when its peer disconnects. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// Fails if an end cannot connect.
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

    /// Takes the reader, which `stage` requires.
    pub(in crate::stage) fn reader(&mut self, stage: &str) -> Result<ChannelReader, StageError> {
        self.reader.take().ok_or_else(|| {
            StageError::new(
                StageError::BAD_REQUEST,
                stage,
                "the stage needs a `readerRef`",
            )
        })
    }

    /// Takes the writer, which `stage` requires.
    pub(in crate::stage) fn writer(&mut self, stage: &str) -> Result<ChannelWriter, StageError> {
        self.writer.take().ok_or_else(|| {
            StageError::new(
                StageError::BAD_REQUEST,
                stage,
                "the stage needs a `writerRef`",
            )
        })
    }

    /// Takes both ends, for a stage with input and output. If one is missing, the other is aborted.
    pub(in crate::stage) async fn both(
        &mut self,
        stage: &str,
    ) -> Result<(ChannelReader, ChannelWriter), StageError> {
        match (self.reader(stage), self.writer(stage)) {
            (Ok(reader), Ok(writer)) => Ok((reader, writer)),
            (Err(error), Ok(mut writer)) => {
                // The failure itself goes to the caller that started the stage.
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
