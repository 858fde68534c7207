//! Settings that would make the engine unusable are refused at the start; all others are honoured.

use std::net::IpAddr;
use std::time::Duration;

use pipewright::{Address, EngineBuilder, EngineError, Role, Worker};
use tokio::net::lookup_host;
use tokio::time::timeout;

use super::{Engine, FAILED, url};

const MAX: Duration = Duration::MAX;

fn builder() -> EngineBuilder {
    Engine::builder().listen("127.0.0.1:0")
}

#[tokio::test]
async fn tokens_open_the_engine_or_are_refused() {
    for token in [
        "",
        " ",
        "\n",
        "t\u{f6}k",
        "first\nsecond",
        "\u{feff}abc",
        "abc\n",
        " abc",
        "abc ",
        "a\tb",
        "a\0b",
        "a b",
        "s3cret",
        "~!@#$%^&*()_+{}|:\"<>?",
    ] {
        let started = [
            builder().bearer_token(token).start().await,
            builder().role(token, Role::new()).start().await,
        ];
        for engine in started {
            let Ok(engine) = engine else {
                continue;
            };
            let address: Address = url(&engine).parse().unwrap();
            let worker = Worker::connect(address.bearer_token(token)).await;
            assert!(worker.is_ok(), "taken, and opens nothing: {token:?}");
        }
    }
}

#[tokio::test]
async fn a_token_has_one_role() {
    let twice = [
        builder().bearer_token("a").role("a", Role::new()),
        builder()
            .role("a", Role::new().register("x"))
            .role("b", Role::new())
            .role("a", Role::new()),
    ];
    for builder in twice {
        let refused = builder.start().await.unwrap_err();
        assert!(matches!(refused, EngineError::TokenTwice), "{refused}");
    }
}

#[tokio::test]
async fn unusable_settings_are_refused() {
    let seconds = Duration::from_secs;
    for (builder, told) in [
        (builder().max_connections(0), "connection"),
        (builder().max_newcomers(0), "connection"),
        (builder().max_channel_bytes(4), "at least 64"),
        (builder().max_message_bytes(0), "256"),
        (builder().max_frame_bytes(0), "frame"),
        (builder().handshake_timeout(Duration::ZERO), "0 s"),
        (builder().keep_alive(seconds(60), seconds(1)), "60s"),
        (builder().keep_alive(seconds(1), seconds(1)), "1s"),
        (builder().keep_alive(Duration::ZERO, seconds(60)), "0 s"),
        (builder().keep_alive(MAX, seconds(60)), "60s"),
    ] {
        let refused = builder.start().await.unwrap_err();
        assert!(matches!(refused, EngineError::Setting { .. }), "{refused}");
        assert!(refused.to_string().contains(told), "{refused}");
    }
}

#[tokio::test]
async fn workers_refuse_intervals_that_lose_every_connection() {
    let engine = super::engine().await;
    for (ping_every, dead_after) in [(60, 1), (0, 60), (5, 5)] {
        let worker = Worker::builder(&*url(&engine)).keep_alive(
            Duration::from_secs(ping_every),
            Duration::from_secs(dead_after),
        );
        let refused = worker.connect().await.unwrap_err();
        assert!(refused.to_string().contains("keep-alive"), "{refused}");
    }
}

#[tokio::test]
async fn endless_waits_are_honoured() {
    let engine = builder()
        .handshake_timeout(MAX)
        .channel_ttl(MAX)
        .linger(MAX)
        .keep_alive(MAX, MAX)
        .start()
        .await
        .unwrap();
    let address: Address = url(&engine).parse().unwrap();
    for address in [
        address.heartbeat(MAX, MAX).connect_timeout(MAX),
        engine.address(),
    ] {
        let worker = Worker::builder(address)
            .call_timeout(MAX)
            .shutdown_timeout(MAX)
            .keep_alive(MAX, MAX)
            .connect()
            .await
            .unwrap();
        worker.register_function("f", async |n: u32| n).unwrap();
        let served = async {
            let called = worker.trigger("f", &1).timeout(MAX).call::<u32>().await;
            assert_eq!(called.unwrap(), 1);
            let channel = worker.create_channel(None).await.unwrap();
            let (mut writer, mut reader) = (channel.writer, channel.reader);
            writer.write("x").await.unwrap();
            writer.close().await.unwrap();
            assert_eq!(reader.read_all().await.unwrap(), "x");
            worker.shutdown().await.unwrap();
        };
        timeout(FAILED, served).await.expect("never served");
    }
}

#[tokio::test]
async fn every_address_of_a_name_is_listened_on() {
    let engine = Engine::builder()
        .listen("localhost:0")
        .start()
        .await
        .unwrap();
    let port = engine.url().unwrap().to_string();
    let port = port.trim_end_matches('/').rsplit_once(':').unwrap().1;
    let known: Vec<_> = lookup_host(("localhost", 0)).await.unwrap().collect();
    for ip in known.iter().map(std::net::SocketAddr::ip) {
        let has_it = tokio::net::TcpListener::bind((ip, 0)).await.is_ok();
        let host = match ip {
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => format!("[{ip}]"),
        };
        let worker = Worker::connect(&*format!("ws://{host}:{port}")).await;
        assert_eq!(worker.is_ok(), has_it, "{host}");
    }
}
