//! For other programs, typed refs are plain refs.

use pipewright::format::Bincode;
use pipewright::{Channel, ReaderRef, StreamChannelRef, WriterRef};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::support::{chain, over_both, within};

#[test]
fn the_json_is_that_of_the_plain_ref() {
    let json = json!({"channel_id": "c", "access_key": "secret", "direction": "read"});
    let plain: StreamChannelRef = serde_json::from_value(json.clone()).unwrap();
    let typed: ReaderRef<u32, Bincode> = serde_json::from_value(json.clone()).unwrap();
    assert_eq!(typed.get_ref(), &plain);
    assert_eq!(
        serde_json::to_string(&typed).unwrap(),
        serde_json::to_string(&plain).unwrap()
    );
    assert_eq!(serde_json::to_value(&typed).unwrap(), json);
    assert_eq!(typed.clone().into_inner(), plain);
    assert_eq!(typed, ReaderRef::from(plain));
    let text = format!("{typed:?}");
    assert!(text.contains("***") && !text.contains("secret"), "{text}");
}

#[derive(Serialize, Deserialize)]
struct Job {
    name: String,
    numbers: ReaderRef<u64, Bincode>,
    squares: WriterRef<u64>,
}

#[tokio::test]
async fn they_travel_in_payloads() {
    over_both(async |house| {
        let worker = house.worker.clone();
        let address = house.address().clone();
        worker
            .register_function("square", move |job: Job| {
                let address = address.clone();
                async move {
                    let mut numbers = job.numbers.open(&address);
                    let mut squares = job.squares.open(&address);
                    while let Some(number) = numbers.recv().await? {
                        squares.send(number * number).await?;
                    }
                    squares.close().await?;
                    Ok::<_, pipewright::Error>(job.name)
                }
            })
            .unwrap();
        let numbers: Channel<u64, Bincode> = worker.channel(None).await.unwrap();
        let squares: Channel<u64> = worker.channel(None).await.unwrap();
        let job = Job {
            name: "a job".into(),
            numbers: numbers.reader_ref,
            squares: squares.writer_ref,
        };
        let call = worker.call::<String>("square", &job);
        let (mut sender, mut receiver) = (numbers.sender, squares.receiver);
        let feed = async {
            for n in 0..1000 {
                sender.send(n).await.unwrap();
            }
            sender.close().await.unwrap();
        };
        let read = async {
            for n in 0..1000 {
                assert_eq!(receiver.recv().await.unwrap(), Some(n * n));
            }
            assert_eq!(receiver.recv().await.unwrap(), None);
        };
        let (name, (), ()) = within(futures::future::join3(call, feed, read)).await;
        assert_eq!(name.unwrap(), "a job");
    })
    .await;
}

#[tokio::test]
async fn a_ref_opens_its_own_end_only() {
    over_both(async |house| {
        let channel: Channel<u32> = house.worker.channel(None).await.unwrap();
        let wrong: WriterRef<u32> = channel.reader_ref.into_inner().into();
        let mut sender = wrong.open(house.address());
        // It connects when it sends.
        sender.send(4).await.unwrap();
        let error = sender.flush().await.unwrap_err();
        let text = chain(&error);
        assert!(text.contains("write"), "{text}");
        let error = sender.send(5).await.unwrap_err();
        assert_eq!(chain(&error), text);
        assert_eq!(error.into_item(), Some(5));
    })
    .await;
}
