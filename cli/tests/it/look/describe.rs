//! `pipewright describe`.

use pipewright::{Payload, pipeline_stage};
use serde_json::json;

use super::look;
use crate::support::House;

#[pipeline_stage(id = "text::upper")]
fn upper(text: String) -> String {
    text.to_uppercase()
}

#[tokio::test]
async fn a_stage_is_shown_with_its_parameters() {
    let house = House::new().await;
    let schema = json!({ "type": "object", "properties": { "params": {
        "type": "object",
        "required": ["id"],
        "properties": {
            "id": { "type": "string" },
            "level": { "type": "integer", "default": 6, "description": "9 is \u{1b}smallest" },
        },
    } } });
    let metadata = json!({
        "pipewright": 1, "kind": "stage", "keeps_order": true,
        "input": { "format": "ndjson", "item": "Line" }, "output": { "format": "bytes" },
    });
    house
        .worker
        .function("py::pack")
        .request_format(&schema)
        .metadata(&metadata)
        .description("Packs lines")
        .register(|_: Payload| async {})
        .unwrap();
    house.worker.register(upper).unwrap();
    house.worker.registered().await.unwrap();

    let ran = look(&house.engine, &["describe", "py::pack"])
        .await
        .succeeded();
    let text = ran.text();
    for line in [
        "py::pack",
        "  kind       stage",
        "  in         Line (ndjson)",
        "  out        bytes",
        "  order      kept",
        "  about      Packs lines",
        "id         string   required",
        "level      integer  6         9 is \u{fffd}smallest",
    ] {
        assert!(text.lines().any(|shown| shown == line), "{line}: {text}");
    }
    let ran = look(&house.engine, &["describe", "py::pack", "--output", "json"]).await;
    let ran = ran.succeeded();
    let json = ran.json();
    let expected = json!({ "name": "id", "type": "string", "required": true });
    assert_eq!(json["parameters"][0], expected);
    assert_eq!(json["parameters"][1]["default"], 6);

    let ran = look(&house.engine, &["describe", "text::upper"])
        .await
        .succeeded();
    let text = ran.text();
    assert!(text.contains("String (ndjson)"), "{text}");
    assert!(text.contains("has not registered the parameters"), "{text}");
    let ran = look(&house.engine, &["describe", "text::uper"]).await;
    ran.failed(
        4,
        "no worker has the stage `text::uper`",
        "did you mean `text::upper`?",
    );
}
