//! Addresses of engines, and hints for those that do not work.

use pipewright::Engine;

use super::{pipewright, run};

#[tokio::test]
async fn an_address_needs_no_web_socket_scheme() {
    let engine = Engine::builder()
        .listen("127.0.0.1:0")
        .start()
        .await
        .unwrap();
    let url = engine.url().unwrap().to_string();
    let address = url.strip_prefix("ws://").unwrap();
    for given in [address.to_owned(), format!("http://{address}"), url.clone()] {
        let arguments = ["workers", "--url", &given];
        run(pipewright("", &arguments), b"").await.succeeded();
    }
}

#[tokio::test]
async fn a_hint_fits_the_failed_connection() {
    let builder = Engine::builder().listen("127.0.0.1:0");
    let engine = builder.bearer_token("s3cret").start().await.unwrap();
    let url = engine.url().unwrap().to_string();
    let listed = async |url: &str| run(pipewright(url, &["workers"]), b"").await;
    let ran = listed(&url)
        .await
        .failed(3, "HTTP 401", "`--token-file FILE`");
    assert!(!ran.stderr.contains("start an engine with"), "{ran:?}");
    listed(&format!("{url}/other"))
        .await
        .failed(3, "HTTP 404", "leave out the path `/other`");
    let secure = url.replacen("ws", "wss", 1);
    listed(&secure)
        .await
        .failed(3, "does not speak TLS", "its address begins with ws://");
    listed("ws://no.such.host.invalid:1").await.failed(
        3,
        "no engine answers",
        "check the name of the host",
    );
    let mut command = pipewright(&url, &["workers"]);
    command.env("PIPEWRIGHT_TOKEN", "s3cret");
    run(command, b"").await.succeeded();
}
