//! What the bearer of each token may do.

use pipewright::{Address, ErrorBody, Role, Worker};
use serde_json::Value;

use super::{Engine, url};

async fn bearer(engine: &Engine, token: &str) -> Worker {
    let address: Address = url(engine).parse().unwrap();
    Worker::connect(address.bearer_token(token)).await.unwrap()
}

async fn engine() -> Engine {
    let builder = Engine::builder()
        .listen("127.0.0.1:0")
        .bearer_token("everything")
        .role("serves", Role::new().register("images::*"))
        .role(
            "calls",
            Role::new().trigger("images::scale").trigger("*::list"),
        );
    builder.start().await.unwrap()
}

#[tokio::test]
async fn a_token_may_register_and_trigger_what_its_role_says() {
    let engine = engine().await;
    let server = bearer(&engine, "serves").await;
    for id in ["images::scale", "images::turn", "users::delete"] {
        server.register_function(id, async |n: u32| n).unwrap();
    }
    server.registered().await.unwrap();
    let refused: Vec<_> = server
        .rejections()
        .iter()
        .map(ToString::to_string)
        .collect();
    let expected = "the token of this worker may not register function `users::delete`, code \
                    FORBIDDEN; ask whoever runs the engine";
    assert_eq!(refused, [expected]);

    let caller = bearer(&engine, "calls").await;
    assert_eq!(caller.call::<u32>("images::scale", &1).await.unwrap(), 1);
    let refused = caller.call::<u32>("images::turn", &1).await.unwrap_err();
    assert_eq!(refused.code(), Some(ErrorBody::FORBIDDEN));
    assert!(
        refused.to_string().contains("may not trigger images::turn"),
        "{refused}"
    );
    let list: Value = caller
        .call("engine::functions::list", &serde_json::json!({}))
        .await
        .unwrap();
    assert_eq!(list["functions"].as_array().unwrap().len(), 2);

    // Whoever only serves lists nothing and calls nothing, its own functions included.
    for id in ["images::scale", "engine::functions::list"] {
        let refused = server.call::<Value>(id, &1).await.unwrap_err();
        assert_eq!(refused.code(), Some(ErrorBody::FORBIDDEN), "{id}");
    }
    let master = bearer(&engine, "everything").await;
    assert_eq!(master.call::<u32>("images::turn", &2).await.unwrap(), 2);
}

#[tokio::test]
async fn every_role_may_stream() {
    let engine = engine().await;
    let worker = bearer(&engine, "serves").await;
    let channel = worker.create_channel(None).await.unwrap();
    let (mut writer, mut reader) = (channel.writer, channel.reader);
    writer.write("streamed").await.unwrap();
    writer.close().await.unwrap();
    assert_eq!(reader.read_all().await.unwrap(), "streamed");
}

#[tokio::test]
async fn a_token_that_is_none_of_them_opens_nothing() {
    let engine = engine().await;
    for token in ["", "everythin", "everything ", "serves calls"] {
        let address: Address = url(&engine).parse().unwrap();
        let refused = Worker::connect(address.bearer_token(token)).await;
        match token.trim() {
            // Blanks around a token are no part of it (RFC 9110 5.5).
            "everything" => drop(refused.unwrap()),
            _ => assert!(refused.is_err(), "{token:?}"),
        }
    }
    let debug = format!(
        "{:?}",
        Engine::builder().role("s3cret", Role::new().register("a"))
    );
    assert!(!debug.contains("s3cret"), "{debug}");
}
