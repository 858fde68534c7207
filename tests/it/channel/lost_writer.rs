//! A writer process that is killed in mid-stream never looks complete to its reader.

use futures::StreamExt;
use pipewright::{ChannelReader, ReadError, StreamChannelRef};
use serde_json::Value;
use tempfile::NamedTempFile;
use tokio::sync::mpsc;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

use crate::programs::Program;
use crate::support::{House, Over, over_both, within};

/// More than any buffer on the way holds, so that the writer is in the midst of it.
const LONG: u64 = 1 << 30;

/// The process, and the file that it streams.
struct Writer {
    program: Program,
    _file: NamedTempFile,
}

/// Has the example `producer` stream a long file, and gives the ref of the reader's end.
async fn producer(house: &House) -> (Writer, StreamChannelRef) {
    let (found, mut finds) = mpsc::unbounded_channel();
    for id in ["demo::transform", "demo::consume"] {
        let found = found.clone();
        let hold = move |payload: Value| {
            let found = found.clone();
            async move {
                found.send(payload["readerRef"].clone()).unwrap();
                std::future::pending::<()>().await;
            }
        };
        house.worker.register_function(id, hold).unwrap();
    }
    crate::support::settled(&house.engine, |stats| stats.functions == 2).await;
    let file = NamedTempFile::new().unwrap();
    file.as_file().set_len(LONG).unwrap();
    let url = house.engine.url().unwrap().to_string();
    let program = Program::example("producer", &[&url, file.path().to_str().unwrap()]);
    // The first call is that of the transform.
    let reader_ref = within(finds.recv()).await.unwrap();
    let writer = Writer {
        program,
        _file: file,
    };
    (writer, serde_json::from_value(reader_ref).unwrap())
}

#[tokio::test]
async fn its_reader_is_told_over_both_transports() {
    over_both(async |house| {
        let (mut writer, reader_ref) = producer(&house).await;
        let mut reader = ChannelReader::new(house.address(), &reader_ref);
        let mut received = 0;
        while received < 10 << 20 {
            let bytes = within(reader.next_bytes()).await.unwrap().unwrap();
            received += bytes.len();
        }
        writer.program.kill().await;
        let error = loop {
            match within(reader.next_bytes()).await {
                Ok(Some(bytes)) => received += bytes.len(),
                Ok(None) => panic!("a stream of {received} bytes looked complete"),
                Err(error) => break error,
            }
        };
        assert!((received as u64) < LONG);
        let ReadError::Truncated { bytes, .. } = &error else {
            panic!("{error}");
        };
        assert_eq!(*bytes, received as u64);
        let text = error.to_string();
        assert!(
            text.contains("channel writer aborted: connection lost"),
            "{text}"
        );
    })
    .await;
}

#[tokio::test]
async fn a_reader_without_pipewright_sees_it_by_the_close_code() {
    let house = House::new(Over::Socket).await;
    let (mut writer, reader_ref) = producer(&house).await;
    let (mut raw, _) = connect_async(house.raw_url(&reader_ref)).await.unwrap();
    let mut received = 0;
    while received < 10 << 20 {
        received += within(raw.next()).await.unwrap().unwrap().len() as u64;
    }
    writer.program.kill().await;
    let close = loop {
        match within(raw.next()).await.unwrap().unwrap() {
            Message::Close(close) => break close.unwrap(),
            message => received += message.len() as u64,
        }
    };
    assert_eq!(u16::from(close.code), 1011);
    assert!(received < LONG);
}
