//! The stages of a round: each worker process registers one of them for each format.

use pipewright::{Error, Pipeline, Result, StageExt, Worker};

use super::content::Summary;
use super::part::Part;
use super::scenario::{Form, Scenario};

/// The stages that transfer bytes. The seed and the summary are JSON.
mod bytes {
    use pipewright::{ChannelReader, ChannelWriter, Result, pipeline_stage};

    use super::super::content::{Content, Summary, turned_bytes};
    use super::super::scenario::Scenario;

    #[pipeline_stage]
    pub(super) async fn producer(
        mut input: ChannelReader,
        mut output: ChannelWriter,
    ) -> Result<()> {
        let scenario = Scenario::of(serde_json::from_slice(&input.read_all().await?)?);
        let content = Content::new(scenario.seed).bytes(scenario.size);
        for piece in content.chunks(50_000) {
            output.write(piece.to_vec()).await?;
        }
        Ok(())
    }

    #[pipeline_stage]
    pub(super) async fn stage(mut input: ChannelReader, mut output: ChannelWriter) -> Result<()> {
        while let Some(bytes) = input.next_bytes().await? {
            output.write(turned_bytes(bytes.into())).await?;
        }
        Ok(())
    }

    #[pipeline_stage]
    pub(super) async fn consumer(
        mut input: ChannelReader,
        mut output: ChannelWriter,
    ) -> Result<()> {
        let summary = Summary::of_bytes(&input.read_all().await?);
        output.write(serde_json::to_vec(&summary)?).await?;
        Ok(())
    }
}

/// The stages that transfer records in a format.
macro_rules! records {
    ($module:ident, $format:ident) => {
        mod $module {
            use pipewright::format::$format;
            use pipewright::{Receiver, Result, Sender, pipeline_stage};

            use super::super::content::{Adding, Content, Record, Summary, turned};
            use super::super::scenario::Scenario;

            #[pipeline_stage]
            pub(super) async fn producer(
                mut input: Receiver<u64>,
                mut output: Sender<Record, $format>,
            ) -> Result<()> {
                while let Some(seed) = input.recv().await? {
                    let scenario = Scenario::of(seed);
                    for record in Content::new(seed).records(scenario.size) {
                        output.send(record).await?;
                    }
                }
                Ok(())
            }

            #[pipeline_stage]
            pub(super) async fn stage(
                mut input: Receiver<Record, $format>,
                mut output: Sender<Record, $format>,
            ) -> Result<()> {
                while let Some(record) = input.recv().await? {
                    output.send(turned(record)).await?;
                }
                Ok(())
            }

            #[pipeline_stage]
            pub(super) async fn consumer(
                mut input: Receiver<Record, $format>,
                mut output: Sender<Summary>,
            ) -> Result<()> {
                let mut adding = Adding::default();
                while let Some(record) = input.recv().await? {
                    adding.add(&record);
                }
                output.send(adding.sum()).await?;
                Ok(())
            }
        }
    };
}

records!(json, Json);
records!(bincode, Bincode);

/// Registers the stage of a part for every format.
pub(crate) fn register(worker: &Worker, part: Part) -> Result<()> {
    match part {
        Part::Producer => {
            worker.register(bytes::producer)?;
            worker.register(json::producer)?;
            worker.register(bincode::producer)?;
        }
        Part::Stage => {
            worker.register(bytes::stage)?;
            worker.register(json::stage)?;
            worker.register(bincode::stage)?;
        }
        Part::Consumer => {
            worker.register(bytes::consumer)?;
            worker.register(json::consumer)?;
            worker.register(bincode::consumer)?;
        }
        Part::Engine => return Err(Error::msg("an engine has no stage")),
    }
    Ok(())
}

/// Runs the pipeline of a round and returns what its consumer has received.
pub(crate) async fn run(worker: &Worker, scenario: Scenario) -> Result<Summary> {
    let seed = scenario.seed;
    Ok(match scenario.form {
        Form::Bytes => {
            let seed = serde_json::to_vec(&seed)?;
            let pipeline = Pipeline::read(std::io::Cursor::new(seed))
                .then(bytes::producer.remote())
                .then(bytes::stage.remote())
                .then(bytes::consumer.remote());
            let mut summary = Vec::new();
            let mut run = pipeline.start(worker).await?;
            while let Some(bytes) = run.next().await {
                summary.extend_from_slice(&bytes?);
            }
            run.report().await?;
            serde_json::from_slice(&summary)?
        }
        Form::Json => {
            let pipeline = Pipeline::from_iter([seed])
                .then(json::producer.remote())
                .then(json::stage.remote())
                .then(json::consumer.remote());
            pipeline.start(worker).await?.value().await?
        }
        Form::Bincode => {
            let pipeline = Pipeline::from_iter([seed])
                .then(bincode::producer.remote())
                .then(bincode::stage.remote())
                .then(bincode::consumer.remote());
            pipeline.start(worker).await?.value().await?
        }
    })
}
