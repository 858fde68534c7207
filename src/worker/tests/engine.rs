use std::future::poll_fn;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use async_trait::async_trait;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::transport::{
    Address, ConnectError, Dial, Memory, PipeLimits, Received, Transport, TransportError, pipe,
};
use crate::wire::{Close, Frame, StreamChannelRef};

/// An engine that sends a greeting and otherwise does only what the test requests.
pub(super) struct ScriptedEngine {
    script: Arc<Script>,
    connections: mpsc::UnboundedReceiver<Peer>,
}

/// The state that the connecting side needs.
struct Script {
    connections: mpsc::UnboundedSender<Peer>,
    dialled: AtomicUsize,
    /// Number of further connection attempts to refuse.
    refuse: AtomicUsize,
    /// The messages to send instead of the greeting.
    greeting: Mutex<Option<Vec<Value>>>,
    /// Whether pings are left unanswered.
    deaf: AtomicBool,
}

impl ScriptedEngine {
    pub(super) fn new() -> Self {
        let (sender, connections) = mpsc::unbounded_channel();
        let script = Arc::new(Script {
            connections: sender,
            dialled: AtomicUsize::new(0),
            refuse: AtomicUsize::new(0),
            greeting: Mutex::new(None),
            deaf: AtomicBool::new(false),
        });
        Self {
            script,
            connections,
        }
    }

    pub(super) fn address(&self) -> Address {
        Address::in_process(Arc::clone(&self.script) as Arc<dyn Dial>)
    }

    /// The next connection of a worker.
    pub(super) async fn accept(&mut self) -> Peer {
        self.connections.recv().await.unwrap()
    }

    pub(super) fn dialled(&self) -> usize {
        self.script.dialled.load(Ordering::SeqCst)
    }

    /// Refuses the next connection attempts.
    pub(super) fn refuse(&self, dials: usize) {
        self.script.refuse.store(dials, Ordering::SeqCst);
    }

    /// Sends `messages` on new connections instead of the greeting.
    pub(super) fn greet_with(&self, messages: Vec<Value>) {
        *self.script.greeting.lock().unwrap() = Some(messages);
    }

    /// Leaves pings on new connections unanswered.
    pub(super) fn leave_pings_unanswered(&self) {
        self.script.deaf.store(true, Ordering::SeqCst);
    }
}

#[async_trait]
impl Dial for Script {
    async fn control(&self) -> Result<Box<dyn Transport>, ConnectError> {
        let nth = self.dialled.fetch_add(1, Ordering::SeqCst) + 1;
        let refused = self
            .refuse
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                left.checked_sub(1)
            });
        if refused.is_ok() {
            return Err(ConnectError::Unreachable {
                address: self.name(),
                source: io::ErrorKind::ConnectionRefused.into(),
            });
        }
        let limits = PipeLimits {
            frames: 16,
            bytes: 1 << 20,
        };
        let (to_engine, from_worker) = pipe(limits);
        let (to_worker, from_engine) = pipe(limits);
        let mut peer = Peer(Memory::duplex(from_worker, to_worker));
        let greeting = self.greeting.lock().unwrap().clone();
        for message in greeting.unwrap_or_else(|| {
            vec![json!({
                "type": "workerregistered",
                "worker_id": format!("w{nth}"),
                "reattach_token": format!("t{nth}"),
            })]
        }) {
            peer.send(message).await;
        }
        self.connections.send(peer).ok().unwrap();
        let memory = Memory::duplex(from_engine, to_engine);
        Ok(if self.deaf.load(Ordering::SeqCst) {
            Box::new(Deaf(memory))
        } else {
            Box::new(memory)
        })
    }

    async fn channel(&self, _: &StreamChannelRef) -> Result<Box<dyn Transport>, ConnectError> {
        Err(ConnectError::Stopped)
    }

    fn name(&self) -> String {
        "a scripted engine".to_owned()
    }
}

/// The engine's side of one connection. Dropping it breaks the connection.
pub(super) struct Peer(Memory);

impl Peer {
    /// The next message of the worker.
    pub(super) async fn next(&mut self) -> Value {
        match poll_fn(|cx| self.0.poll_receive(cx)).await {
            Received::Frame(Frame::Message(text)) => serde_json::from_str(&text).unwrap(),
            other => panic!("expected a message, not {other:?}"),
        }
    }

    /// The worker's close.
    pub(super) async fn closed(&mut self) -> Close {
        match poll_fn(|cx| self.0.poll_receive(cx)).await {
            Received::Closed(close) => close,
            other => panic!("expected the end, not {other:?}"),
        }
    }

    pub(super) async fn send(&mut self, message: Value) {
        self.send_frame(message.to_string().into()).await;
    }

    pub(super) async fn send_frame(&mut self, frame: Frame) {
        poll_fn(|cx| self.0.poll_ready(cx)).await.unwrap();
        self.0.start_send(frame).unwrap();
    }

    pub(super) fn close(mut self) {
        self.0.start_close(Close::STOPPING).unwrap();
    }

    pub(super) async fn expect_announcement(&mut self) -> Value {
        let message = self.next().await;
        assert_eq!(message["function_id"], "engine::workers::register");
        message
    }

    /// The next message, which must be a call. Returns its id, if an answer is expected.
    pub(super) async fn expect_call(&mut self, function_id: &str) -> (Value, Value) {
        let call = self.next().await;
        assert_eq!(call["type"], "invokefunction");
        assert_eq!(call["function_id"], function_id);
        (call["invocation_id"].clone(), call)
    }

    pub(super) async fn answer(&mut self, id: &Value, result: Value) {
        self.send(json!({
            "type": "invocationresult", "invocation_id": id, "function_id": "f", "result": result,
        }))
        .await;
    }

    /// Calls a function of the worker.
    pub(super) async fn invoke(&mut self, id: &str, function_id: &str, data: Value) {
        self.send(json!({
            "type": "invokefunction", "invocation_id": id, "function_id": function_id, "data": data,
        }))
        .await;
    }

    /// Calls a function of the worker and returns its answer.
    pub(super) async fn call(&mut self, function_id: &str, data: Value) -> Value {
        self.invoke("i1", function_id, data).await;
        let answer = self.next().await;
        assert_eq!(answer["type"], "invocationresult");
        assert_eq!(answer["invocation_id"], "i1");
        answer
    }
}

/// A transport whose pings are never answered.
struct Deaf(Memory);

impl Transport for Deaf {
    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Received> {
        self.0.poll_receive(cx)
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.0.poll_ready(cx)
    }

    fn start_send(&mut self, frame: Frame) -> Result<(), TransportError> {
        self.0.start_send(frame)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.0.poll_flush(cx)
    }

    fn start_close(&mut self, close: Close) -> Result<(), TransportError> {
        self.0.start_close(close)
    }

    fn start_ping(&mut self) -> Result<(), TransportError> {
        Ok(())
    }
}
