//! Bytes arrive as they were written, over both transports.

use pipewright::{Engine, Worker};

#[tokio::test]
async fn a_first_transfer() {
    for socket in [false, true] {
        let engine = Engine::builder()
            .listen("127.0.0.1:0")
            .start()
            .await
            .unwrap();
        let address = if socket {
            engine.url().unwrap().clone().into()
        } else {
            engine.address()
        };
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
