//! The limits of an engine, and how it refuses more.

use pipewright::{EngineBuilder, Worker};
use serde_json::json;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Error;

use super::{Control, Engine, FAILED, settled, timeout, url};

async fn engine(builder: EngineBuilder) -> Engine {
    builder.listen("127.0.0.1:0").start().await.unwrap()
}

#[tokio::test]
async fn one_connection_too_many_is_told_to_come_back() {
    let engine = engine(Engine::builder().max_connections(2)).await;
    let mut worker = Control::connect(&engine).await;
    let other = Control::connect(&engine).await;
    match connect_async(url(&engine)).await {
        Err(Error::Http(response)) => {
            assert_eq!(response.status(), 503);
            assert_eq!(response.headers()["retry-after"], "1");
        }
        other => panic!("not refused: {other:?}"),
    }
    // Connected workers are still served, and a free slot can be used.
    worker.channel().await;
    drop(other);
    settled(&engine, |stats| stats.workers == 1).await;
    let place = async { while connect_async(url(&engine)).await.is_err() {} };
    timeout(FAILED, place).await.expect("no place");
}

#[tokio::test]
async fn a_function_too_many_is_refused_and_told() {
    let engine = engine(Engine::builder().max_functions_per_worker(2)).await;
    let worker = Worker::connect(engine.address()).await.unwrap();
    for id in ["one", "two", "three"] {
        worker
            .register_function(id, async |(): ()| "answered")
            .unwrap();
    }
    worker.registered().await.unwrap();
    let rejections = worker.rejections();
    let told: Vec<_> = rejections.iter().map(ToString::to_string).collect();
    let expected = "function `three` is over the engine's limit for one worker, code \
                    TOO_MANY_FUNCTIONS; register fewer, or raise the engine's limit";
    assert_eq!(told, [expected]);
    let answer: String = worker.call("two", &()).await.unwrap();
    assert_eq!(answer, "answered");
    assert!(
        worker
            .call::<()>("three", &())
            .await
            .unwrap_err()
            .is_not_found()
    );
}

#[tokio::test]
async fn a_call_too_many_is_refused() {
    let engine = engine(Engine::builder().max_calls_per_worker(1)).await;
    let worker = Worker::connect(engine.address()).await.unwrap();
    worker
        .register_function("hang", |(): ()| std::future::pending::<()>())
        .unwrap();
    let first = worker.call::<()>("hang", &());
    let second = async {
        settled(&engine, |stats| stats.calls == 1).await;
        worker.call::<()>("hang", &()).await.unwrap_err()
    };
    let refused = tokio::select! {
        _ = first => panic!("it hangs"),
        refused = second => refused,
    };
    assert_eq!(refused.code(), Some("invocation_error"));
    assert!(
        refused
            .to_string()
            .contains("already waits for 1 results; wait for some"),
        "{refused}"
    );
}

#[tokio::test]
async fn more_channels_than_the_limits_are_an_error() {
    for (builder, whose) in [
        (
            Engine::builder().max_channels(1),
            "the engine already has 1",
        ),
        (
            Engine::builder().max_channels_per_worker(1),
            "the worker has 1",
        ),
    ] {
        let engine = engine(builder).await;
        let mut worker = Control::connect(&engine).await;
        worker.channel().await;
        let answer = worker.call("engine::channels::create", &json!({})).await;
        assert_eq!(answer["error"]["code"], "too_many_channels");
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.starts_with(whose), "{message}");
    }
}

#[tokio::test]
async fn no_channel_is_made_while_too_much_is_held() {
    let engine = engine(Engine::builder().max_held_bytes(1)).await;
    let worker = Worker::connect(engine.address()).await.unwrap();
    let channel = worker.create_channel(None).await.unwrap();
    let mut writer = channel.writer.plain();
    writer.write("held").await.unwrap();
    writer.flush().await.unwrap();
    settled(&engine, |stats| stats.buffered_bytes == 4).await;
    let made = async {
        loop {
            // The count may be slightly out of date.
            if let Err(refused) = worker.create_channel(None).await {
                break refused;
            }
        }
    };
    let refused = timeout(FAILED, made).await.expect("not refused");
    assert_eq!(refused.code(), Some("too_many_channels"));
    assert!(refused.to_string().contains("holds 4 bytes"), "{refused}");
}
