//! Functions that the token of a worker does not allow.

use pipewright::{Engine, Role, Worker};
use serde_json::{Value, json};

use crate::agent::{Agent, unique};
use crate::peer::Peer;
use crate::scene::{alone, within_a_minute};
use crate::test_engine::TestEngine;

#[test]
fn a_forbidden_function_leaves_the_permitted_ones_in_service() {
    alone(async || {
        let role = Role::new().register("peer::*").trigger("*");
        let builder = Engine::builder().bearer_token("suite").role("agent", role);
        let Some(engine) = TestEngine::ours(builder, "the roles are set for the test").await else {
            return;
        };
        let address = engine.address().bearer_token("suite");
        let worker = Worker::connect(address).await.expect("the token");
        for peer in Peer::SDKS {
            let name = unique(peer);
            let (ready, forbidden) = (format!("suite::ready::{name}"), format!("secret::{name}"));
            let mut program = peer.program();
            program.args([&name, &ready, &forbidden]);
            program.env("III_TOKEN", "agent");
            let agent = Agent::launch(&worker, engine.url(), program, name, ready).await;
            let echo = format!("peer::{}::echo", agent.name());
            // The rejection has arrived before the first call, because messages keep their order.
            for n in 0..3 {
                let echoed = within_a_minute(worker.call::<Value>(&echo, &json!([n]))).await;
                assert_eq!(echoed.expect("it serves on"), json!([n]), "{peer:?}");
            }
            let refused = worker.call::<Value>(&forbidden, &json!(1)).await;
            assert!(refused.expect_err("forbidden").is_not_found(), "{peer:?}");
            agent.kill().await;
        }
    });
}
