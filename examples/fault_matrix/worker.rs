//! The processes of a round.

use std::future::pending;

use pipewright::format::{Bincode, Decode, Encode, Format, Json};
use pipewright::{
    ChannelWriter, Engine, Error, Invocation, Receiver, Result, Sender, StreamChannelRef, Worker,
};
use serde::{Deserialize, Serialize};

use super::content::{Adding, Content, Record, Summary, turned, turned_bytes};
use super::part::Part;
use super::patience;
use super::scenario::{Form, Scenario};

/// The task of a part.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) seed: u64,
    pub(crate) reader: Option<StreamChannelRef>,
    pub(crate) writer: Option<StreamChannelRef>,
}

/// Prints the engine's URL, and serves until the process ends.
pub(crate) async fn engine() -> Result<()> {
    let engine = patience::engine(Engine::builder())
        .listen("127.0.0.1:0")
        .start()
        .await?;
    println!(
        "{}",
        engine
            .url()
            .ok_or_else(|| Error::msg("the engine has no URL"))?
    );
    pending().await
}

/// Registers the function of a part, reports that, and serves until the process ends.
pub(crate) async fn worker(part: Part, url: &str) -> Result<()> {
    let worker = patience::worker(url)?.connect().await?;
    worker.register_function(
        part.role(),
        move |order: Order, call: Invocation| async move {
            let scenario = Scenario::of(order.seed);
            let worker = call.worker();
            let end = |end: &Option<StreamChannelRef>| {
                end.clone().ok_or_else(|| Error::msg("an end is missing"))
            };
            let ends = Ends {
                worker,
                reader: end(&order.reader),
                writer: end(&order.writer),
                scenario,
            };
            match scenario.form {
                Form::Bytes => ends.bytes(part).await,
                Form::Json => ends.items::<Json>(part).await,
                Form::Bincode => ends.items::<Bincode>(part).await,
            }
        },
    )?;
    worker.registered().await?;
    println!("ready");
    pending().await
}

/// A writer whose close timeout is shorter than a round.
fn writer(worker: &Worker, end: &StreamChannelRef) -> ChannelWriter {
    worker.writer(end).close_timeout(patience::CLOSE)
}

/// The channel ends of a part.
struct Ends<'a> {
    worker: &'a Worker,
    reader: Result<StreamChannelRef>,
    writer: Result<StreamChannelRef>,
    scenario: Scenario,
}

impl Ends<'_> {
    fn nothing() -> Summary {
        Summary { count: 0, hash: 0 }
    }

    async fn bytes(self, part: Part) -> Result<Summary> {
        if part == Part::Producer {
            let mut writer = writer(self.worker, &self.writer?);
            let content = Content::new(self.scenario.seed).bytes(self.scenario.size);
            for piece in content.chunks(50_000) {
                writer.write(piece.to_vec()).await?;
            }
            writer.close().await?;
            return Ok(Self::nothing());
        }
        let mut reader = self.worker.reader(&self.reader?).expect_header();
        if part == Part::Consumer {
            return Ok(Summary::of_bytes(&reader.read_all().await?));
        }
        let mut writer = writer(self.worker, &self.writer?);
        while let Some(bytes) = reader.next_bytes().await? {
            writer.write(turned_bytes(bytes.into())).await?;
        }
        writer.close().await?;
        Ok(Self::nothing())
    }

    async fn items<F>(self, part: Part) -> Result<Summary>
    where
        F: Format + Encode<Record> + Decode<Record>,
    {
        if part == Part::Producer {
            let mut sender = Sender::<Record, F>::new(writer(self.worker, &self.writer?));
            for record in Content::new(self.scenario.seed).records(self.scenario.size) {
                sender.send(record).await?;
            }
            sender.close().await?;
            return Ok(Self::nothing());
        }
        let mut receiver = Receiver::<Record, F>::new(self.worker.reader(&self.reader?));
        if part == Part::Consumer {
            let mut adding = Adding::default();
            while let Some(record) = receiver.recv().await? {
                adding.add(&record);
            }
            return Ok(adding.sum());
        }
        let mut sender = Sender::<Record, F>::new(writer(self.worker, &self.writer?));
        while let Some(record) = receiver.recv().await? {
            sender.send(turned(record)).await?;
        }
        sender.close().await?;
        Ok(Self::nothing())
    }
}
