//! What the engine records about runs, with workers of any kind.

use futures::stream;
use pipewright::{Pipeline, Worker, remote};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::{Client, Control, engine, url};
use crate::support::within;

const PARSE: &str = "3e9eb9e4-620b-4a89-afdb-267925d779ff";

async fn list(control: &mut Control) -> Value {
    let answer = control.call("engine::runs::list", &json!({})).await;
    answer["result"].clone()
}

/// A ref as it appears in the payload of a call.
fn end(url: &str) -> Value {
    let (id, query) = url
        .split_once("/ws/channels/")
        .unwrap()
        .1
        .split_once('?')
        .unwrap();
    let (key, direction) = query.split_once('&').unwrap();
    json!({"channel_id": id, "access_key": key.strip_prefix("key=").unwrap(),
           "direction": direction.strip_prefix("dir=").unwrap()})
}

/// Answers the call that must be next.
async fn answer(executor: &mut Control, outcome: &Value) {
    let call = executor.json().await;
    let mut answer = json!({"type": "invocationresult", "invocation_id": call["invocation_id"],
                            "function_id": call["function_id"]});
    let members = outcome.as_object().unwrap().clone();
    answer.as_object_mut().unwrap().extend(members);
    executor.send(&answer).await;
    executor.synced().await;
}

/// Workers without pipewright: a run consists of their calls that hold channel ends.
#[tokio::test]
async fn calls_that_hold_ends_are_nodes_and_channels_are_edges() {
    let engine = engine().await;
    let mut caller = Control::connect(&engine).await;
    let mut executor = Control::connect(&engine).await;
    let about = json!({"name": "parser"});
    executor.call("engine::workers::register", &about).await;
    executor.register("log::parse").await;
    let input = caller.channel().await;
    let output = caller.channel_of(&json!({"buffer_size": 2})).await;
    let idle = caller.channel().await;
    let payload = json!({"reader": end(&input.reader), "nested": [end(&output.writer)]});
    caller.invoke(PARSE, "log::parse", &payload).await;

    let mut source = Client::dial(&input.writer).await;
    let mut reader = Client::dial(&input.reader).await;
    let mut writer = Client::dial(&output.writer).await;
    source.send(Message::binary(vec![7; 100])).await;
    reader.frame().await;
    for _ in 0..2 {
        writer.send(Message::binary(vec![7; 10])).await;
    }
    super::settled(&engine, |stats| stats.buffered_frames == 2).await;
    let listed = list(&mut caller).await;
    assert_eq!(listed["total"], 1);
    let run = &listed["runs"][0];
    assert_eq!(run["state"], "running");
    let node = &run["nodes"][0];
    assert_eq!(run["nodes"].as_array().unwrap().len(), 1);
    assert_eq!(
        [&node["name"], &node["worker"], &node["state"]],
        ["log::parse", "parser", "held_back"]
    );
    let edges = run["edges"].as_array().unwrap();
    let of = |url: &str| {
        let id = &end(url)["channel_id"];
        edges.iter().find(|edge| edge["channel_id"] == *id).unwrap()
    };
    let (before, after) = (of(&input.reader), of(&output.reader));
    assert_eq!((&before["to"], before.get("from")), (&node["node"], None));
    assert_eq!((&after["from"], after.get("to")), (&node["node"], None));
    assert_eq!(
        (&before["bytes"], &after["fill"]),
        (&json!(100), &json!(100))
    );
    assert!(before["bytes_per_second"].as_u64().unwrap() > 0, "{before}");

    source.close().await;
    reader.closed().await;
    answer(
        &mut executor,
        &json!({"result": {"items_in": 5, "items_out": 4}}),
    )
    .await;
    caller.json().await;
    let mut last = Client::dial(&output.reader).await;
    writer.close().await;
    for _ in 0..2 {
        last.frame().await;
    }
    last.closed().await;
    super::settled(&engine, |stats| stats.channels == 1).await;
    let listed = list(&mut caller).await;
    let run = &listed["runs"][0];
    assert_eq!(run["state"], "done");
    assert_eq!(run["nodes"][0]["items_out"], 4);
    let ended = run["edges"].as_array().unwrap().iter();
    assert!(ended.clone().all(|edge| edge["state"] == "closed"), "{run}");
    assert_eq!(
        listed["totals"],
        json!({"done": 1, "failed": 0, "errors": 0})
    );
    let told = listed.to_string();
    for url in [&input.reader, &input.writer, &output.writer, &idle.reader] {
        let end = end(url);
        assert!(
            !told.contains(end["access_key"].as_str().unwrap()),
            "{told}"
        );
    }
}

#[tokio::test]
async fn a_ref_that_opens_nothing_is_no_end() {
    let engine = engine().await;
    let mut caller = Control::connect(&engine).await;
    let mut executor = Control::connect(&engine).await;
    executor.register("f").await;
    let channel = caller.channel().await;
    let mut forged = end(&channel.reader);
    forged["access_key"] = end(&channel.writer)["access_key"].clone();
    caller
        .invoke(PARSE, "f", &json!({"readerRef": forged}))
        .await;
    executor.json().await;
    assert_eq!(list(&mut caller).await["total"], 0);
}

#[tokio::test]
async fn errors_are_told_with_their_first_cause_and_without_keys() {
    let engine = engine().await;
    let mut caller = Control::connect(&engine).await;
    let mut executor = Control::connect(&engine).await;
    executor.register("log::parse").await;
    let channel = caller.channel().await;
    let key = end(&channel.reader)["access_key"]
        .as_str()
        .unwrap()
        .to_owned();
    caller.call("log::pares", &json!({})).await;
    let payload = json!({"readerRef": end(&channel.reader)});
    caller.invoke(PARSE, "log::parse", &payload).await;
    let abort = json!({"code": "input_failed", "message": "its input was aborted", "stage": "parse",
        "causes": [{"code": "stage_failed", "message": format!("cannot open {key}"),
                    "stage": "read", "item": 3}]});
    let error = json!({"code": "input_failed", "message": abort.to_string()});
    answer(&mut executor, &json!({"error": error})).await;
    caller.json().await;

    let listed = list(&mut caller).await;
    assert_eq!(listed["runs"][0]["state"], "failed");
    let error = &listed["errors"][0];
    assert_eq!(error["message"], "cannot open ***");
    assert_eq!(
        (&error["stage"], &error["item"]),
        (&json!("read"), &json!(3))
    );
    assert_eq!(error["functions"], json!(["parse", "log::parse"]));
    assert_eq!(error["run"], listed["runs"][0]["run"]);
    let refused = &listed["errors"][1];
    assert_eq!(refused["code"], "function_not_found");
    assert_eq!(refused["functions"], json!(["log::pares"]));
    assert_eq!(listed["totals"]["errors"], 2);
    assert!(!listed.to_string().contains(&key));
}

/// Stages within the process of their pipeline are not calls. The pipeline names them.
#[tokio::test]
async fn pipeline_is_one_run_with_stage_names() {
    let engine = engine().await;
    let mut control = Control::connect(&engine).await;
    let worker = Worker::connect(url(&engine)).await.unwrap();
    let lines = stream::iter((0..3_u32).map(|n| n.to_string()));
    let failing = Pipeline::source(lines)
        .then(remote::<String, String>("not::there"))
        .start(&worker);
    within(failing).await.unwrap().report().await.unwrap_err();
    super::settled(&engine, |stats| stats.channels == 0).await;
    let listed = list(&mut control).await;
    assert_eq!(listed["total"], 1, "{listed}");
    let run = &listed["runs"][0];
    assert_eq!(run["state"], "failed");
    let names: Vec<_> = run["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|node| &node["name"])
        .collect();
    assert_eq!(names, ["source", "not::there", "run"]);
    let told = |member: &str| {
        let edges = run["edges"].as_array().unwrap().iter();
        edges.map(|edge| edge[member].clone()).collect::<Vec<_>>()
    };
    let nodes: Vec<_> = run["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|node| &node["node"])
        .collect();
    assert_eq!(told("from"), [nodes[0].clone(), nodes[1].clone()]);
    assert_eq!(told("to"), [nodes[1].clone(), nodes[2].clone()]);
    assert_eq!(listed["errors"][0]["code"], "function_not_found");
}
