//! `bench`.

use pipewright::{Engine, Role};
use serde_json::Value;

use super::{look, pipewright, run};
use crate::support::House;

/// Asserts that everything was measured.
fn measured(report: &Value) {
    let positive = |path: &str| {
        let number = report.pointer(path).and_then(Value::as_f64);
        assert!(
            number.is_some_and(|number| number > 0.0),
            "{path}: {report}"
        );
    };
    positive("/bytes/bytes_per_second");
    positive("/items/items_per_second");
    positive("/items/bytes_per_second");
    for times in ["/latency", "/calls", "/channels"] {
        for of in ["samples", "p50_us", "p99_us", "max_us"] {
            positive(&format!("{times}/{of}"));
        }
    }
    positive("/calls/per_second");
    positive("/channels/per_second");
    let times = |of: &str| report["latency"][of].as_f64().unwrap();
    assert!(times("p50_us") <= times("p99_us") && times("p99_us") <= times("max_us"));
}

#[tokio::test]
async fn an_engine_anywhere_is_measured_and_left_as_it_was() {
    let house = House::new().await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("results.json");
    let path = file.to_str().unwrap();
    let arguments = ["bench", "--time", "50ms", "--json", path];
    let ran = look(&house.engine, &arguments).await.succeeded();
    let table: Vec<_> = ran.text().lines().collect();
    assert_eq!(table.len(), 6, "{table:?}");
    assert!(
        table[0].starts_with("MEASURED ") && table[1].ends_with("/s"),
        "{table:?}"
    );
    assert!(table[3].contains("\u{b5}s"), "{table:?}");
    let report: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    measured(&report);
    assert_eq!(report["engine"], house.engine.url());
    let left = house
        .engine
        .settled(|stats| (stats.workers, stats.functions, stats.channels) == (1, 0, 0));
    left.await;
}

/// With a token that may not register a function, calls cannot be measured.
#[tokio::test]
async fn what_was_measured_is_shown_where_a_later_part_fails() {
    let role = Role::new().create_channels();
    let engine = Engine::builder().listen("127.0.0.1:0").role("s3cret", role);
    let engine = engine.start().await.unwrap();
    let url = engine.url().unwrap().to_string();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("results.json");
    let arguments = ["bench", "--time", "50ms", "--json", file.to_str().unwrap()];
    let mut command = pipewright(&url, &arguments);
    command.env("III_TOKEN", "s3cret");
    let ran = run(command, b"").await;
    assert_eq!(ran.code, Some(4), "{ran:?}");
    assert!(ran.text().contains("bytes through one channel"), "{ran:?}");
    assert!(!ran.text().contains("calls"), "{ran:?}");
    let report: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert!(report["latency"]["p50_us"].as_f64().unwrap() > 0.0);
    assert!(report.get("calls").is_none());
    assert!(
        report["failed"]
            .as_str()
            .unwrap()
            .contains("may not trigger")
    );
}

#[tokio::test]
async fn an_engine_of_its_own_needs_no_other() {
    // No one listens there.
    let url = "ws://127.0.0.1:1";
    let arguments = ["bench", "--embedded", "--time", "50ms", "--output", "json"];
    let ran = run(pipewright(url, &arguments), b"").await.succeeded();
    measured(&ran.json());
    assert!((ran.json()["seconds"].as_f64().unwrap() - 0.05).abs() < 1e-9);

    let ran = run(pipewright(url, &["bench"]), b"").await;
    ran.failed(3, "no engine answers", "pipewright engine");
    let ran = run(
        pipewright(url, &["bench", "--embedded", "--time", "0s"]),
        b"",
    )
    .await;
    ran.failed(2, "less than a millisecond", "--time 1s");
}
