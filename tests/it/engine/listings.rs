//! The engine's lists of functions, workers and channels, which never contain secrets.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::{Client, Control, FAILED, engine};

const ID: &str = "3e9eb9e4-620b-4a89-afdb-267925d779ff";

async fn list(control: &mut Control, of: &str, request: &Value) -> Vec<Value> {
    let answer = control.call(&format!("engine::{of}::list"), request).await;
    answer["result"][of].as_array().unwrap().clone()
}

#[tokio::test]
async fn functions_tell_whose_they_are_and_how_busy() {
    let engine = engine().await;
    let mut caller = Control::connect(&engine).await;
    let mut owner = Control::connect(&engine).await;
    let about = json!({"name": "sorter", "telemetry": {"amplitude_api_key": "s3cret"}});
    owner.call("engine::workers::register", &about).await;
    owner
        .send(
            &json!({"type": "registerfunction", "id": "s::sort", "description": "sorts",
                      "metadata": {"pipewright": 1}}),
        )
        .await;
    owner.register("s::plain").await;
    caller.invoke(ID, "s::sort", &json!({})).await;
    assert_eq!(owner.json().await["invocation_id"], ID);

    let functions = list(&mut caller, "functions", &json!({})).await;
    let expected = json!([
        {"function_id": "s::plain", "namespace": "default", "worker_id": owner.id,
         "worker_name": "sorter", "calls": 0},
        {"function_id": "s::sort", "namespace": "default", "worker_id": owner.id,
         "worker_name": "sorter", "calls": 1, "description": "sorts",
         "metadata": {"pipewright": 1}},
    ]);
    assert_eq!(Value::from(functions), expected);

    let workers = list(&mut caller, "workers", &json!({})).await;
    assert_eq!(workers.len(), 2);
    let sorter = workers.iter().find(|worker| worker["name"] == "sorter");
    let mut sorter = sorter.unwrap().clone();
    let connected = sorter.as_object_mut().unwrap().remove("connected_at_ms");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let age = now.unwrap().as_millis() - u128::from(connected.unwrap().as_u64().unwrap());
    assert!(age < FAILED.as_millis(), "{age}");
    let expected = json!({"worker_id": owner.id, "id": owner.id, "name": "sorter",
                          "namespace": "default", "status": "connected",
                          "ip_address": "127.0.0.1", "functions": ["s::plain", "s::sort"],
                          "function_count": 2, "calls": 1, "active_invocations": 1});
    assert_eq!(sorter, expected);
    let told = Value::from(workers).to_string();
    for secret in ["s3cret", &caller.token, &owner.token] {
        assert!(!told.contains(secret), "{told}");
    }
}

#[tokio::test]
async fn channels_tell_how_full_they_are_and_never_a_key() {
    let engine = engine().await;
    let mut control = Control::connect(&engine).await;
    let channel = control.channel_of(&json!({"buffer_size": 4})).await;
    let idle = control.channel().await;
    let mut writer = Client::dial(&channel.writer).await;
    for _ in 0..2 {
        writer.send(Message::binary(vec![7; 1000])).await;
    }
    super::settled(&engine, |stats| stats.buffered_frames == 2).await;

    let listed = list(&mut control, "channels", &json!({})).await;
    assert_eq!(listed.len(), 2);
    let id = |url: &str| {
        let path = url.split_once("/ws/channels/").unwrap().1;
        path.split_once('?').unwrap().0.to_owned()
    };
    let find = |listed: &[Value], id: &str| {
        let found = listed.iter().find(|channel| channel["channel_id"] == id);
        found.cloned()
    };
    let mut full = find(&listed, &id(&channel.writer)).unwrap();
    assert!(
        full["age_ms"].is_u64() && full["measured_ms"].is_u64(),
        "{full}"
    );
    for changing in ["age_ms", "measured_ms", "channel_id"] {
        full[changing].take();
    }
    let expected = json!({"channel_id": null, "writer": "open", "reader": "waiting",
                          "age_ms": null, "measured_ms": null, "frames": 0, "bytes": 0,
                          "buffered_frames": 2, "buffered_bytes": 2000, "capacity_frames": 4,
                          "capacity_bytes": 4 << 16, "bytes_per_second": 0});
    assert_eq!(full, expected);
    let waiting = find(&listed, &id(&idle.writer)).unwrap();
    assert_eq!(
        (&waiting["writer"], &waiting["reader"]),
        (&json!("waiting"), &json!("waiting"))
    );
    let told = Value::from(listed).to_string();
    for url in [&channel.writer, &channel.reader] {
        let key = url.split_once("key=").unwrap().1;
        let key = key.split_once('&').unwrap().0;
        assert!(key.len() > 20 && !told.contains(key), "{told}");
    }

    let mut reader = Client::dial(&channel.reader).await;
    reader.frame().await;
    reader.frame().await;
    let listed = list(&mut control, "channels", &json!({})).await;
    let read = find(&listed, &id(&channel.writer)).unwrap();
    let ends = (&read["writer"], &read["reader"]);
    assert_eq!(ends, (&json!("open"), &json!("open")));
    assert_eq!((&read["frames"], &read["bytes"]), (&json!(2), &json!(2000)));
    assert_eq!(read["buffered_bytes"], 0);
    drop(writer.0);
    reader.closed().await;
    let listed = list(&mut control, "channels", &json!({})).await;
    assert_eq!(listed.len(), 1);
}

#[tokio::test]
async fn list_of_channels_has_the_requested_length() {
    let engine = engine().await;
    let mut control = Control::connect(&engine).await;
    for _ in 0..3 {
        control.channel().await;
    }
    let answer = control
        .call("engine::channels::list", &json!({"limit": 2}))
        .await;
    assert_eq!(answer["result"]["total"], 3);
    assert_eq!(answer["result"]["channels"].as_array().unwrap().len(), 2);
    for request in [json!(null), json!([2]), json!({"limit": -1})] {
        let answer = control.call("engine::channels::list", &request).await;
        assert_eq!(
            answer["error"]["code"], "deserialization_error",
            "{request}"
        );
    }
}

#[tokio::test]
async fn list_is_cut_to_what_its_reader_takes() {
    let engine = engine().await;
    let mut owner = Control::connect(&engine).await;
    owner.announce(&json!({})).await;
    for n in 0..200 {
        let id = format!("f{n}::{}", "x".repeat(300));
        owner
            .send(&json!({"type": "registerfunction", "id": id}))
            .await;
    }
    owner.synced().await;
    let mut control = super::accounts::limited(&super::url(&engine), 64 << 10).await;
    let answer = control.call("engine::functions::list", &json!({})).await;
    let listed = answer["result"]["functions"].as_array().unwrap().len();
    let left_out = answer["result"]["left_out"].as_u64().unwrap();
    assert!(listed > 20, "{listed}");
    assert_eq!(listed as u64 + left_out, 200);
    assert!(answer.to_string().len() <= 64 << 10);
    assert_eq!(list(&mut control, "workers", &json!({})).await.len(), 2);
}

#[tokio::test]
async fn cut_list_of_workers_is_stable_and_counts_escaped_bytes() {
    const LIMIT: usize = 64 << 10;
    let engine = engine().await;
    let mut workers = Vec::new();
    for worker in 0..12 {
        let mut control = Control::connect(&engine).await;
        control
            .announce(&json!({"name": format!("w{worker}")}))
            .await;
        // Each byte of these ids takes six bytes in JSON.
        for n in 0..20 {
            let id = format!("{}{worker}-{n}", "\u{1}".repeat(400));
            control
                .send(&json!({"type": "registerfunction", "id": id}))
                .await;
        }
        control.synced().await;
        workers.push(control);
    }
    let mut control = super::accounts::limited(&super::url(&engine), LIMIT).await;
    let answer = control.call("engine::workers::list", &json!({})).await;
    let listed = answer["result"]["workers"].as_array().unwrap();
    assert!(answer.to_string().len() <= LIMIT);
    // Function ids are omitted before workers.
    assert_eq!(listed.len(), 13);
    assert!(answer["result"].get("left_out").is_none());
    let shortened = listed.iter().filter(|entry| {
        let ids = entry["functions"].as_array().unwrap().len();
        entry["function_count"] == 20 && ids < 20
    });
    assert_eq!(shortened.count(), 12);
    let mut since: Vec<_> = listed
        .iter()
        .map(|entry| entry["connected_at_ms"].as_u64())
        .collect();
    since.dedup();
    assert!(since.is_sorted());
    let again = control.call("engine::workers::list", &json!({})).await;
    assert_eq!(again["result"], answer["result"]);
}
