//! The permissions of each token.

use pipewright::{Address, ErrorBody, Role, Worker};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use super::{Client, Control, Engine, url};

/// A raw connection with a token.
async fn control(engine: &Engine, token: &str) -> Control {
    let mut request = url(engine).into_client_request().unwrap();
    let value = format!("Bearer {token}").parse().unwrap();
    request.headers_mut().insert("authorization", value);
    Control::greeted(Client::asking(request).await, &url(engine)).await
}

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
        )
        .role("streams", Role::new().create_channels());
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
                    FORBIDDEN; ask the operator of the engine";
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

    // A token that only serves may list nothing and call nothing, not even its own functions.
    for id in ["images::scale", "engine::functions::list"] {
        let refused = server.call::<Value>(id, &1).await.unwrap_err();
        assert_eq!(refused.code(), Some(ErrorBody::FORBIDDEN), "{id}");
    }
    let master = bearer(&engine, "everything").await;
    assert_eq!(master.call::<u32>("images::turn", &2).await.unwrap(), 2);
}

#[tokio::test]
async fn creating_channels_is_a_right_of_its_own() {
    let engine = engine().await;
    for token in ["serves", "calls"] {
        let worker = bearer(&engine, token).await;
        let refused = worker.create_channel(None).await.unwrap_err();
        assert!(refused.to_string().contains("may not"), "{refused}");
    }
    let worker = bearer(&engine, "streams").await;
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
            // Blanks around a token are not part of it (RFC 9110 5.5).
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

/// The published SDKs give up permanently at any other code, and ignore a rejection without a
/// namespace and an owner.
#[tokio::test]
async fn rejected_functions_have_the_code_that_stops_no_sdk() {
    let engine = Engine::builder()
        .listen("127.0.0.1:0")
        .role("serves", Role::new().register("images::*"))
        .max_functions_per_worker(1);
    let engine = engine.start().await.unwrap();
    let mut worker = control(&engine, "serves").await;
    worker.register("images::one").await;
    for (id, reason) in [
        ("users::delete", "FORBIDDEN"),
        ("engine::secrets::get", "RESERVED"),
        ("images::two", "TOO_MANY_FUNCTIONS"),
    ] {
        worker
            .send(&json!({"type": "registerfunction", "id": id}))
            .await;
        let expected = json!({"type": "registrationrejected", "function_id": id,
                              "code": "FUNCTION_NAMESPACE_CONFLICT", "namespace": "default",
                              "owner_worker_id": "engine", "reason": reason});
        assert_eq!(worker.json().await, expected);
    }
    assert_eq!(engine.stats().functions, 1);
}

#[tokio::test]
async fn ids_of_the_engine_cannot_be_registered() {
    let engine = super::engine().await;
    let mut worker = Control::connect(&engine).await;
    for id in ["engine::secrets::get", "engine::workers::list", "engine::"] {
        worker
            .send(&json!({"type": "registerfunction", "id": id}))
            .await;
        assert_eq!(worker.json().await["reason"], "RESERVED", "{id}");
    }
    assert_eq!(engine.stats().functions, 0);
}

#[tokio::test]
async fn suggestions_name_only_functions_that_the_role_may_trigger() {
    let engine = Engine::builder()
        .listen("127.0.0.1:0")
        .bearer_token("all")
        .role("few", Role::new().trigger("public::*"));
    let engine = engine.start().await.unwrap();
    let mut host = control(&engine, "all").await;
    host.register("payroll::export").await;
    let mut few = control(&engine, "few").await;
    let mut told = async |id| few.call(id, &json!(1)).await["error"]["message"].to_string();
    assert!(!told("public::export").await.contains("payroll"));
    let answer = host.call("public::export", &json!(1)).await;
    assert!(
        answer["error"]["message"]
            .to_string()
            .contains("payroll::export")
    );
    host.register("public::reports").await;
    let suggestion = "Did you mean public::reports?";
    assert!(told("public::report").await.contains(suggestion));
}
