use std::sync::Arc;

use async_trait::async_trait;

use super::super::access::Role;
use super::super::channels::{Leased, Refusal};
use super::super::control::Session;
use super::super::core::Core;
use super::super::metrics::Reason;
use super::super::owners::Ownership;
use crate::transport::{ConnectError, Dial, Memory, PipeLimits, Transport, pipe};
use crate::wire::{Direction, StreamChannelRef};

/// Capacity of a control connection within the process, in each direction; a longer message is
/// accepted if nothing else waits.
const CONTROL_PIPE: PipeLimits = PipeLimits {
    frames: 64,
    bytes: 1 << 20,
};

/// Connects to an engine in this process.
///
/// A control connection is an ordinary session over a pair of pipes. The ends of a channel are the
/// ends of its pipe, without a task in between.
pub(in crate::engine) struct InProcess {
    core: Arc<Core>,
}

impl InProcess {
    pub(in crate::engine) fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    fn check_running(&self) -> Result<(), ConnectError> {
        if self.core.stopping.is_cancelled() {
            return Err(ConnectError::Stopped);
        }
        Ok(())
    }
}

#[async_trait]
impl Dial for InProcess {
    async fn control(&self) -> Result<Box<dyn Transport>, ConnectError> {
        self.check_running()?;
        let (to_engine, from_client) = pipe(CONTROL_PIPE);
        let (to_client, from_engine) = pipe(CONTROL_PIPE);
        let core = Arc::clone(&self.core);
        self.core.tasks.spawn(async move {
            let mut connection = Memory::duplex(from_client, to_client);
            // Code in the same process has full access.
            let role = Arc::new(Role::unlimited());
            let session = Session::new(&mut connection, &core, role, Ownership::unknown(), None);
            session.run().await;
        });
        Ok(Box::new(Memory::duplex(from_engine, to_engine)))
    }

    async fn channel(
        &self,
        channel_ref: &StreamChannelRef,
    ) -> Result<Box<dyn Transport>, ConnectError> {
        self.check_running()?;
        let refused = |refusal: Refusal| {
            self.core.metrics.refused(Reason::from(&refusal));
            match refusal {
                Refusal::NotFound => ConnectError::ChannelNotFound {
                    address: self.name(),
                    channel_id: channel_ref.channel_id.clone(),
                },
                Refusal::Taken => ConnectError::AlreadyOpened {
                    role: channel_ref.direction.role(),
                    channel_id: channel_ref.channel_id.clone(),
                },
            }
        };
        let (id, key) = (&channel_ref.channel_id, &channel_ref.access_key);
        let channels = &self.core.channels;
        Ok(Box::new(match channel_ref.direction {
            Direction::Read => channels
                .open_reader(id, key)
                .map(Leased::reader)
                .map_err(refused)?,
            Direction::Write => channels
                .open_writer(id, key)
                .map(Leased::writer)
                .map_err(refused)?,
        }))
    }

    fn name(&self) -> String {
        "the engine in this process".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::time::Duration;

    use serde_json::{Value, json};
    use tokio::time::{Instant, timeout};

    use super::CONTROL_PIPE;
    use crate::engine::control::STALL;
    use crate::engine::{Engine, EngineStats};
    use crate::transport::{ConnectError, Received, Transport};
    use crate::wire::{Close, Frame, StreamChannelRef};

    async fn engine() -> Engine {
        Engine::builder().in_process().start().await.unwrap()
    }

    struct Client(Box<dyn Transport>);

    impl Client {
        async fn control(engine: &Engine) -> Self {
            let mut client = Self(engine.address().dial_control().await.unwrap());
            assert_eq!(client.json().await["type"], "workerregistered");
            client
        }

        async fn open(engine: &Engine, channel_ref: &StreamChannelRef) -> Self {
            Self(engine.address().dial_channel(channel_ref).await.unwrap())
        }

        async fn send(&mut self, frame: impl Into<Frame>) {
            poll_fn(|cx| self.0.poll_ready(cx)).await.unwrap();
            self.0.start_send(frame.into()).unwrap();
        }

        async fn receive(&mut self) -> Received {
            poll_fn(|cx| self.0.poll_receive(cx)).await
        }

        async fn frame(&mut self) -> Frame {
            match self.receive().await {
                Received::Frame(frame) => frame,
                other => panic!("not a frame: {other:?}"),
            }
        }

        async fn closed(&mut self) -> Close {
            match self.receive().await {
                Received::Closed(close) => close,
                other => panic!("not a close: {other:?}"),
            }
        }

        async fn json(&mut self) -> Value {
            match self.frame().await {
                Frame::Message(text) => serde_json::from_str(&text).unwrap(),
                Frame::Data(_) => panic!("not text"),
            }
        }

        async fn call(&mut self, id: usize, function: &str) {
            let call = json!({"type": "invokefunction", "invocation_id": id.to_string(),
                              "function_id": function, "data": {}});
            self.send(call.to_string()).await;
        }

        /// Returns the writer's ref and the reader's.
        async fn channel(&mut self) -> (StreamChannelRef, StreamChannelRef) {
            self.call(0, "engine::channels::create").await;
            let answer = self.json().await;
            let end = |name: &str| serde_json::from_value(answer["result"][name].clone()).unwrap();
            (end("writer"), end("reader"))
        }
    }

    #[tokio::test]
    async fn finished_channel_is_freed_while_its_ends_exist() {
        let engine = engine().await;
        let (writer, reader) = Client::control(&engine).await.channel().await;
        let mut writer = Client::open(&engine, &writer).await;
        let mut reader = Client::open(&engine, &reader).await;
        writer.send(vec![1, 2]).await;
        writer.send("m").await;
        assert_eq!(engine.stats().buffered_bytes, 3);
        writer.0.start_close(Close::NORMAL).unwrap();
        assert_eq!(writer.closed().await, Close::NORMAL);
        assert_eq!(reader.frame().await, Frame::from(vec![1, 2]));
        assert_eq!(reader.frame().await, Frame::from("m"));
        assert_eq!(engine.stats().channels, 1);
        assert_eq!(reader.closed().await, Close::NORMAL);
        assert_eq!(engine.stats().channels, 0);
    }

    #[tokio::test]
    async fn who_drops_an_end_is_told_of_to_the_other() {
        let engine = engine().await;
        let mut control = Client::control(&engine).await;
        let (writer, reader) = control.channel().await;
        drop(Client::open(&engine, &writer).await);
        let mut reader = Client::open(&engine, &reader).await;
        assert_eq!(reader.closed().await, Close::WRITER_LOST);
        let (writer, reader) = control.channel().await;
        let mut writer = Client::open(&engine, &writer).await;
        drop(Client::open(&engine, &reader).await);
        assert_eq!(writer.closed().await, Close::READER_GONE);
        assert_eq!(engine.stats().channels, 0);
    }

    #[tokio::test]
    async fn refusals_say_what_is_wrong() {
        let engine = engine().await;
        let address = engine.address();
        let (writer, reader) = Client::control(&engine).await.channel().await;
        let _open = Client::open(&engine, &writer).await;
        let taken = address.dial_channel(&writer).await.err();
        assert!(matches!(taken, Some(ConnectError::AlreadyOpened { .. })));
        let mut forged = reader;
        forged.access_key = writer.access_key;
        let unknown = address.dial_channel(&forged).await.err();
        assert!(matches!(
            unknown,
            Some(ConnectError::ChannelNotFound { .. })
        ));
        engine.shutdown().await;
        let stopped = address.dial_control().await.err();
        assert!(matches!(stopped, Some(ConnectError::Stopped)));
        let stopped = address.dial_channel(&forged).await.err();
        assert!(matches!(stopped, Some(ConnectError::Stopped)));
    }

    #[tokio::test]
    async fn stopping_ends_everything() {
        let engine = engine().await;
        let mut control = Client::control(&engine).await;
        let (writer, reader) = control.channel().await;
        let mut writer = Client::open(&engine, &writer).await;
        let mut reader = Client::open(&engine, &reader).await;
        writer.send("m").await;
        engine.shutdown().await;
        for end in [&mut control, &mut writer, &mut reader] {
            assert_eq!(end.closed().await, Close::STOPPING);
        }
        assert_eq!(engine.stats(), EngineStats::default());
    }

    #[tokio::test(start_paused = true)]
    async fn the_time_to_live_is_kept() {
        let engine = engine().await;
        let mut control = Client::control(&engine).await;
        let (_, reader) = control.channel().await;
        tokio::time::sleep(Duration::from_secs(299)).await;
        let start = Instant::now();
        let mut reader = Client::open(&engine, &reader).await;
        assert_eq!(reader.closed().await, Close::EXPIRED);
        let waited = start.elapsed();
        assert!((300..301).contains(&waited.as_secs()), "{waited:?}");
        assert_eq!(engine.stats().channels, 0);
    }

    /// The callers of a lost worker are notified.
    #[tokio::test(start_paused = true)]
    async fn a_worker_that_does_not_read_is_disconnected() {
        // More than both pipes hold.
        const CALLS: usize = 3 * CONTROL_PIPE.frames + 10;
        let engine = engine().await;
        let mut caller = Client::control(&engine).await;
        let mut idle = Client::control(&engine).await;
        idle.send(r#"{"type":"registerfunction","id":"f"}"#).await;
        idle.call(0, "engine::channels::create").await;
        idle.json().await;
        let start = Instant::now();
        let (mut sent, mut answers) = (0, Vec::new());
        while answers.len() < CALLS {
            // Reads while it writes, as every worker must.
            let received = poll_fn(|cx| {
                while sent < CALLS && caller.0.poll_ready(cx).is_ready() {
                    let call = json!({"type": "invokefunction", "invocation_id": sent.to_string(),
                                      "function_id": "f", "data": {}});
                    caller.0.start_send(call.to_string().into()).unwrap();
                    sent += 1;
                }
                caller.0.poll_receive(cx)
            });
            match timeout(2 * STALL, received).await.unwrap() {
                Received::Frame(Frame::Message(text)) => answers.push(text),
                other => panic!("not an answer: {other:?}"),
            }
        }
        assert!(start.elapsed() >= STALL);
        for answer in answers {
            let failed = ["invocation_stopped", "function_not_found"];
            assert!(failed.iter().any(|code| answer.contains(code)), "{answer}");
        }
        assert_eq!(engine.stats().workers, 1);
        assert_eq!(engine.stats().calls, 0);
    }
}
