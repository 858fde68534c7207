//! Bytes arrive as they were written, over both transports.

use pipewright::Worker;

use crate::support::TestEngine;

#[tokio::test]
async fn a_first_transfer() {
    let engine = TestEngine::start().await;
    for address in engine.addresses() {
        let worker = Worker::builder(address).connect().await.unwrap();
        for size in [0, 1, 65_535, 65_536, 65_537, 10_000_000] {
            let channel = worker.create_channel(None).await.unwrap();
            let (mut writer, mut reader) = (channel.writer, channel.reader);
            let data: Vec<u8> = (0..size).map(|n: u32| (n * 31 % 251) as u8).collect();
            let sent = data.clone();
            let writing = tokio::spawn(async move {
                writer.write(sent).await.unwrap();
                writer.close().await.unwrap();
            });
            let read = reader.read_all().await.unwrap();
            assert_eq!(read.len(), data.len());
            assert!(read == data);
            assert!(reader.report().verdict.unwrap().is_verified());
            writing.await.unwrap();
        }
    }
}
