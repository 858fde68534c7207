//! The types may be sent to another thread, shared and moved.

use pipewright::format::{Bincode, Json, Lines, Raw};
use pipewright::*;

fn everywhere<T: Send + Sync + Unpin + 'static>() {}

#[test]
fn every_public_type_can_go_everywhere() {
    everywhere::<ByteChannel>();
    everywhere::<ChannelReader>();
    everywhere::<ChannelWriter>();
    everywhere::<ByteReader>();
    everywhere::<ByteWriter>();
    everywhere::<FrameSink>();
    everywhere::<FrameStream>();
    everywhere::<ByteStream>();
    everywhere::<ByteDuplex>();
    everywhere::<BlockingReader>();
    everywhere::<BlockingWriter>();
    everywhere::<Messages>();
    everywhere::<StreamReport>();
    everywhere::<Verdict>();

    everywhere::<Channel<String>>();
    everywhere::<Sender<String, Bincode>>();
    everywhere::<Receiver<String, Json>>();
    everywhere::<Permit<'static, String>>();
    everywhere::<TrySendError<String>>();
    everywhere::<TryRecvError>();
    everywhere::<Event<String>>();
    everywhere::<Events<'static, String, Json>>();
    everywhere::<ReaderRef<String>>();
    everywhere::<WriterRef<String>>();
    everywhere::<Json>();
    everywhere::<Bincode>();
    everywhere::<Lines>();
    everywhere::<Raw>();
    everywhere::<format::ItemLimits>();
    everywhere::<format::Decoded<String>>();

    everywhere::<Worker>();
    everywhere::<WorkerBuilder>();
    everywhere::<FunctionBuilder<'static>>();
    everywhere::<Invocation>();
    everywhere::<Trigger<'static>>();
    everywhere::<Backoff>();
    everywhere::<ConnectionState>();
    everywhere::<Closed>();
    everywhere::<Rejection>();

    everywhere::<Engine>();
    everywhere::<EngineBuilder>();
    everywhere::<EngineStats>();

    everywhere::<Address>();
    everywhere::<EngineUrl>();
    everywhere::<StreamChannelRef>();
    everywhere::<AccessKey>();
    everywhere::<Direction>();
    everywhere::<Frame>();
    everywhere::<Text>();
    everywhere::<Payload>();
    everywhere::<Header>();
    everywhere::<Abort>();
    everywhere::<Progress>();
    everywhere::<FoundRef>();
    everywhere::<ErrorBody>();
}

#[test]
fn every_error_can_go_everywhere_and_is_one() {
    fn error<T: std::error::Error + Send + Sync + Unpin + 'static>() {}
    everywhere::<Error>();
    error::<BadItem>();
    error::<CallError>();
    error::<ConnectError>();
    error::<EngineError>();
    error::<InvalidUrl>();
    error::<ReadError>();
    error::<ReceiveError>();
    error::<RegisterError>();
    error::<SendError<String>>();
    error::<ShutdownError>();
    error::<WriteError>();
    error::<format::FormatError>();
}

/// Asserts `Send` for the futures of async methods, which have no name.
#[test]
fn futures_can_be_spawned() {
    fn spawnable<F: Future + Send>(_: impl FnOnce() -> F) {}
    fn dummy<T>() -> T {
        unreachable!("the closures are never called")
    }
    spawnable(|| async {
        let mut writer: ChannelWriter = dummy();
        let _ = writer.write("x").await;
        let _ = writer.send_message("x").await;
        let _ = writer.flush().await;
        let _ = writer.close().await;
    });
    spawnable(|| async {
        let mut reader: ChannelReader = dummy();
        let _ = reader.next_frame().await;
        let _ = reader.next_bytes().await;
        let _ = reader.read_all().await;
        let _ = reader.header().await;
        reader.close().await;
    });
    spawnable(|| async {
        let worker: Worker = dummy();
        let _ = worker.call::<String>("f", &1).await;
        let _ = worker.create_channel(None).await;
        let _ = worker.shutdown().await;
    });
}
