//! Bounds in bytes on what peers can make the engine hold.

use serde_json::{Value, json};

use super::{Client, Control, Engine, settled, url};

const ID: &str = "3e9eb9e4-620b-4a89-afdb-267925d779ff";

#[cfg(target_os = "linux")]
mod memory {
    use serde_json::json;
    use tokio_tungstenite::tungstenite::Message;

    use super::super::Control;
    use super::ID;
    use crate::programs::Program;
    use crate::support::within;

    /// MiB that the engine may grow by, whatever it receives.
    const FEW: usize = 24;

    struct Watched {
        program: Program,
        url: String,
        before: usize,
    }

    impl Watched {
        async fn engine() -> Self {
            let (program, url) = Program::engine().await;
            // The memory of the first connection does not count.
            Control::at(&url).await.synced().await;
            let before = resident_mib(&program);
            Self {
                program,
                url,
                before,
            }
        }

        fn grown_mib(&self) -> usize {
            resident_mib(&self.program).saturating_sub(self.before)
        }
    }

    fn resident_mib(program: &Program) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", program.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let kib = line.unwrap().split_whitespace().nth(1).unwrap();
        kib.parse::<usize>().unwrap() >> 10
    }

    #[tokio::test]
    async fn long_announcement_is_not_kept() {
        let engine = Watched::engine().await;
        let mut control = Control::at(&engine.url).await;
        let zeros = vec![0; 2 << 20];
        for about in [
            json!({ "x": zeros }),
            json!({"name": "n".repeat(4 << 20), "telemetry": "t".repeat(4 << 20)}),
        ] {
            control
                .send(
                    &json!({"type": "invokefunction", "data": about, "action": {"type": "void"},
                              "function_id": "engine::workers::register"}),
                )
                .await;
            control.synced().await;
        }
        let grown = engine.grown_mib();
        assert!(grown < FEW, "{grown} MiB");
    }

    #[tokio::test]
    async fn descriptions_of_functions_are_bounded() {
        let engine = Watched::engine().await;
        let mut control = Control::at(&engine.url).await;
        for n in 0..64 {
            // Each message alone is within the limit.
            let about = "m".repeat(900 << 10);
            control
                .send(
                    &json!({"type": "registerfunction", "id": format!("f{n}"), "metadata": about}),
                )
                .await;
        }
        control.send(&json!({"type": "ping"})).await;
        while within(control.json()).await["type"] != "pong" {}
        let grown = engine.grown_mib();
        assert!(grown < FEW, "{grown} MiB");
    }

    #[tokio::test]
    async fn unread_refusals_are_short() {
        let engine = Watched::engine().await;
        let asked = json!({"type": "invokefunction", "invocation_id": ID, "data": null,
                           "function_id": "f".repeat(2 << 20)});
        let asked = asked.to_string();
        let mut unread = Vec::new();
        for _ in 0..8 {
            let mut control = Control::at(&engine.url).await;
            for _ in 0..4 {
                control.client.send(Message::text(asked.as_str())).await;
            }
            unread.push(control);
        }
        // All calls were executed.
        for control in &mut unread {
            for _ in 0..4 {
                assert_eq!(within(control.json()).await["type"], "invocationresult");
            }
        }
        let grown = engine.grown_mib();
        assert!(grown < FEW, "{grown} MiB");
    }

    #[tokio::test]
    async fn context_of_open_calls_is_bounded() {
        let engine = Watched::engine().await;
        let mut hole = Control::at(&engine.url).await;
        hole.register("hole").await;
        let mut caller = Control::at(&engine.url).await;
        for n in 0..40 {
            let call = json!({"type": "invokefunction", "function_id": "hole", "data": null,
                              "baggage": "b".repeat(1 << 20), "traceparent": "t".repeat(1 << 20),
                              "invocation_id": format!("00000000-0000-4000-8000-{n:012}")});
            caller.send(&call).await;
            assert_eq!(within(hole.json()).await["type"], "invokefunction");
        }
        caller.synced().await;
        let grown = engine.grown_mib();
        assert!(grown < FEW, "{grown} MiB");
    }
}

#[tokio::test]
async fn registration_over_its_limit_leaves_the_others() {
    let engine = super::engine().await;
    let mut control = Control::connect(&engine).await;
    control.register("f").await;
    for long in [
        json!({"type": "registerfunction", "id": "long", "description": "d".repeat(2 << 20)}),
        json!({"type": "registerfunction", "id": "i".repeat(1 << 20)}),
    ] {
        control.send(&long).await;
        let rejected = control.json().await;
        assert_eq!(rejected["type"], "registrationrejected", "{rejected}");
        assert!(rejected.to_string().len() < 2048);
    }
    assert_eq!(engine.stats().functions, 1);
    control.register("g").await;
    assert_eq!(engine.stats().functions, 2);
}

#[tokio::test]
async fn workers_share_what_the_engine_holds() {
    let engine = Engine::builder()
        .listen("127.0.0.1:0")
        .max_control_bytes(2 << 20);
    let engine = engine.start().await.unwrap();
    let mut greedy = Control::connect(&engine).await;
    for n in 0..16 {
        let about = "d".repeat(256 << 10);
        greedy
            .send(&json!({"type": "registerfunction", "id": format!("f{n}"), "description": about}))
            .await;
    }
    greedy.send(&json!({"type": "ping"})).await;
    while greedy.json().await["type"] != "pong" {}
    let held = engine.stats().functions;
    assert!((1..8).contains(&held), "{held}");
    // Another worker has room, and the memory of the first is released when it leaves.
    let mut modest = Control::connect(&engine).await;
    modest
        .send(&json!({"type": "registerfunction", "id": "m", "description": "d".repeat(256 << 10)}))
        .await;
    modest.synced().await;
    drop(greedy);
    settled(&engine, |stats| stats.functions == 1).await;
    modest
        .send(&json!({"type": "registerfunction", "id": "n", "description": "d".repeat(512 << 10)}))
        .await;
    modest.synced().await;
    assert_eq!(engine.stats().functions, 2);
}

#[tokio::test]
async fn long_names_of_one_worker_leave_others_in_the_list() {
    let engine = super::engine().await;
    let mut long = Control::connect(&engine).await;
    long.announce(&json!({})).await;
    for n in 0..20 {
        let about = "d".repeat(300 << 10);
        long.send(
            &json!({"type": "registerfunction", "id": format!("a{n}"), "description": about}),
        )
        .await;
    }
    long.synced().await;
    let mut short = Control::connect(&engine).await;
    short.register("z").await;
    // Its limit is smaller than the list would be.
    let request = format!("{}/", url(&engine));
    let mut reader = limited(&request, 1 << 20).await;
    let answer = reader.call("engine::functions::list", &json!({})).await;
    let functions = answer["result"]["functions"].as_array().unwrap();
    assert_eq!(functions.len(), 21, "{answer}");
    assert!(
        functions
            .iter()
            .any(|function| function["function_id"] == "z")
    );
    assert!(answer["result"].get("left_out").is_none());
    assert!(answer.to_string().len() < 1 << 20);
}

/// A worker that accepts messages of `limit` bytes.
pub(super) async fn limited(base: &str, limit: usize) -> Control {
    use tokio_tungstenite::tungstenite::client::IntoClientRequest;
    let mut request = base.into_client_request().unwrap();
    let value = limit.to_string().parse().unwrap();
    request
        .headers_mut()
        .insert("x-pipewright-max-message", value);
    let (socket, response) = tokio_tungstenite::connect_async(request).await.unwrap();
    assert!(response.headers().contains_key("x-pipewright-max-message"));
    let mut client = Client(socket);
    let hello: Value = client.json().await;
    Control {
        client,
        id: hello["worker_id"].as_str().unwrap().to_owned(),
        token: hello["reattach_token"].as_str().unwrap().to_owned(),
        base: base.to_owned(),
        announced: false,
    }
}
