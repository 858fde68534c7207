//! `trigger`.

use pipewright::FunctionError;
use serde_json::{Value, json};

use super::{look, look_with};
use crate::support::House;

#[tokio::test]
async fn a_function_is_called_with_json_from_anywhere() {
    let house = House::new().await;
    let echo = async |payload: Value| payload;
    house.worker.register_function("echo", echo).unwrap();
    house.worker.registered().await.unwrap();

    let given = |ran: super::Ran| ran.text().to_owned();
    let ran = look(&house.engine, &["trigger", "echo", "\"a\u{e9}\""])
        .await
        .succeeded();
    assert_eq!(given(ran), "\"a\u{e9}\"\n");
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("payload.json");
    std::fs::write(&file, "{\"n\": 12345678901234567890123, \"f\": 1.10}\n").unwrap();
    let argument = format!("@{}", file.display());
    let ran = look(&house.engine, &["trigger", "echo", &argument])
        .await
        .succeeded();
    let answer: Value = serde_json::from_str(&given(ran)).unwrap();
    assert_eq!(answer["f"], json!(1.1));
    let ran = look_with(&house.engine, &["trigger", "echo", "-"], b"[1,\n2]")
        .await
        .succeeded();
    assert_eq!(given(ran), "[1,2]\n");
    let ran = look(&house.engine, &["trigger", "echo"]).await.succeeded();
    assert_eq!(given(ran), "{}\n");
    let ran = look(&house.engine, &["trigger", "echo", "--void"])
        .await
        .succeeded();
    assert_eq!((ran.text(), ran.stderr.as_str()), ("", ""));
}

#[tokio::test]
async fn what_goes_wrong_has_a_status_and_a_hint() {
    let house = House::new().await;
    let fail = async |_: Value| Err::<(), _>(FunctionError::new("no_luck", "not today"));
    house
        .worker
        .register_function("orders::fail", fail)
        .unwrap();
    let hang = |_: Value| std::future::pending::<()>();
    house
        .worker
        .register_function("orders::hang", hang)
        .unwrap();
    house.worker.registered().await.unwrap();

    let ran = look(&house.engine, &["trigger", "orders::fail"]).await;
    ran.failed(4, "not today (no_luck)", "the function's own worker");
    let ran = look(
        &house.engine,
        &["trigger", "orders::hang", "--timeout", "200ms"],
    )
    .await;
    ran.failed(4, "no answer within 200ms", "--timeout");
    let ran = look(&house.engine, &["trigger", "orders::fial"]).await;
    // An iii engine makes no suggestions.
    let suggestion = if house.engine.is_pipewright() {
        "Did you mean orders::fail?"
    } else {
        "orders::fial"
    };
    ran.failed(4, suggestion, "pipewright functions");
    let ran = look(&house.engine, &["trigger", "orders::fail", "{'a': 1}"]).await;
    ran.failed(2, "the argument is not JSON", "quotes");
    let ran = look(&house.engine, &["trigger", "orders::fail", "@no/such/file"]).await;
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.stderr.contains("cannot read the file no/such/file"),
        "{ran:?}"
    );
}
