//! The dashboard as served to a browser. `tests/browser` tests how it looks.

use std::collections::BTreeSet;

use pipewright::{Engine, Role};
use serde_json::{Value, json};

use super::pages::{Answer, Browser};
use super::{Control, engine};

const HTML: &str = "Accept: text/html,application/xhtml+xml;q=0.9\r\n";
const STATE: &str = "/dashboard/state.json";

/// The dashboard's files that a text refers to. Paths are always relative: the page is at `/` or at
/// the prefix of a proxy, and the modules are below it.
fn named(text: &str) -> BTreeSet<String> {
    assert!(!text.contains("=\"/") && !text.contains("'/"), "{text}");
    let parts = text
        .split('"')
        .filter(|part| part.starts_with("dashboard/"));
    let parts = parts.map(|part| format!("/{part}"));
    let modules = text.split('\'').filter_map(|part| part.strip_prefix("./"));
    let modules = modules.map(|module| format!("/dashboard/{module}"));
    parts.chain(modules).collect()
}

fn assert_guarded(answer: &Answer) {
    for line in [
        "cache-control: no-store",
        "x-content-type-options: nosniff",
        "referrer-policy: no-referrer",
        "cross-origin-resource-policy: same-origin",
        "content-security-policy: default-src 'none'; script-src 'self'; style-src 'self'; \
         img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'",
    ] {
        assert!(
            answer.head.contains(&format!("{line}\r\n")),
            "{}",
            answer.head
        );
    }
}

#[tokio::test]
async fn page_loads_only_existing_files_of_the_engine() {
    let engine = engine().await;
    let mut browser = Browser::connect(&engine).await;
    let page = browser.ask("GET", "/", HTML).await;
    assert_eq!(page.status, 200);
    assert!(page.head.contains("content-type: text/html; charset=utf-8"));
    assert_guarded(&page);
    let (mut known, mut left) = (BTreeSet::new(), named(&page.body));
    let mut elsewhere = page.body.matches("http").count();
    while let Some(path) = left.pop_first() {
        let file = browser.get(&path).await;
        assert_eq!(file.status, 200, "{path}");
        assert_guarded(&file);
        let kind = match path.rsplit_once('.').unwrap().1 {
            "js" => "text/javascript",
            "css" => "text/css",
            "svg" => "image/svg+xml",
            other => panic!("{other}"),
        };
        assert!(
            file.head.contains(&format!("content-type: {kind}")),
            "{path}"
        );
        let names = file.body.matches("http://www.w3.org/").count();
        elsewhere += file.body.matches("http").count() - names;
        known.insert(path);
        left.extend(named(&file.body).into_iter().filter(|path| {
            let asked = path == STATE;
            !asked && !known.contains(path)
        }));
    }
    assert_eq!(elsewhere, 0);
    assert_eq!(known.len(), 12, "{known:?}");
    let head = browser.ask("HEAD", "/", HTML).await;
    assert_eq!(head.status, 200);
}

#[tokio::test]
async fn client_without_html_is_told_about_workers() {
    let engine = engine().await;
    let mut browser = Browser::connect(&engine).await;
    for headers in ["", "Accept: */*\r\n", "Accept: application/json\r\n"] {
        assert_eq!(
            browser.ask("GET", "/", headers).await.status,
            400,
            "{headers}"
        );
    }
    let posted = format!("{HTML}Content-Length: 0\r\n");
    assert_eq!(browser.ask("POST", "/", &posted).await.status, 405);
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nContent-Length: 0\r\n";
    let head = browser.ask("HEAD", "/", &format!("{HTML}{upgrade}")).await;
    assert_eq!(
        head.status, 400,
        "a handshake is not answered with the page"
    );
    let _worker = Control::connect(&engine).await;
}

#[tokio::test]
async fn an_engine_without_it_has_none_of_it() {
    let builder = Engine::builder().listen("127.0.0.1:0").dashboard(false);
    let engine = builder.start().await.unwrap();
    let mut browser = Browser::connect(&engine).await;
    assert_eq!(browser.ask("GET", "/", HTML).await.status, 400);
    for path in [STATE, "/dashboard/app.js"] {
        assert_eq!(browser.ask("GET", path, HTML).await.status, 404, "{path}");
    }
    assert_eq!(browser.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn the_state_is_for_the_own_page_only() {
    let engine = engine().await;
    let mut browser = Browser::connect(&engine).await;
    for (headers, status) in [
        ("", 200),
        ("Sec-Fetch-Site: same-origin\r\n", 200),
        ("Sec-Fetch-Site: none\r\n", 200),
        ("Sec-Fetch-Site: same-site\r\n", 403),
        ("Sec-Fetch-Site: cross-site\r\n", 403),
        ("Origin: https://evil.example\r\n", 403),
        ("Origin: null\r\n", 403),
    ] {
        let answer = browser.ask("GET", STATE, headers).await;
        assert_eq!(answer.status, status, "{headers}");
        assert!(!answer.head.contains("access-control"), "{}", answer.head);
    }
    // A host name of another origin that resolves to this machine.
    for (name, status) in [("evil.example", 403), ("localhost:1", 200)] {
        let answer = browser.ask_by_name("GET", STATE, name, "").await;
        assert_eq!(answer.status, status, "{name}");
    }
}

#[tokio::test]
async fn token_protects_the_state_but_not_the_page() {
    let engine = Engine::builder()
        .listen("127.0.0.1:0")
        .bearer_token("everything")
        .role("lists", Role::new().trigger("engine::*::list"))
        .role("serves", Role::new().register("*").trigger("text::*"));
    let engine = engine.start().await.unwrap();
    let mut browser = Browser::connect(&engine).await;
    assert_eq!(browser.ask("GET", "/", HTML).await.status, 200);
    assert_eq!(browser.get("/dashboard/app.js").await.status, 200);
    assert_eq!(browser.get(STATE).await.status, 401);
    for (token, status) in [
        ("wrong", 401),
        ("everything", 200),
        ("lists", 200),
        ("serves", 403),
    ] {
        let bearer = format!("Authorization: Bearer {token}\r\n");
        let answer = browser.ask("GET", STATE, &bearer).await;
        assert_eq!(answer.status, status, "{token}");
        assert!(!answer.body.contains("everything"), "{}", answer.body);
    }
}

#[tokio::test]
async fn the_state_tells_what_there_is_in_few_words() {
    let engine = engine().await;
    let mut worker = Control::connect(&engine).await;
    let about = json!({"name": "n".repeat(1000), "runtime": "go", "pid": 7, "os": {"not": "text"},
                       "telemetry": {"amplitude_api_key": "s3cret"}});
    worker.call("engine::workers::register", &about).await;
    let stage = json!({"type": "registerfunction", "id": "log::parse",
                       "metadata": {"pipewright": 1, "kind": "stage"},
                       "request_format": {"title": "s3cret"}});
    worker.send(&stage).await;
    for _ in 0..201 {
        worker.channel().await;
    }
    let mut browser = Browser::connect(&engine).await;
    let answer = browser.get(STATE).await;
    assert_guarded(&answer);
    assert!(!answer.body.contains("s3cret") && !answer.body.contains(&worker.token));
    let state: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(state["engine"]["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(state["channels"]["total"], 201);
    assert_eq!(state["channels"]["channels"].as_array().unwrap().len(), 200);
    let name = format!("{}…", "n".repeat(200));
    let expected = json!([{"worker_id": worker.id, "name": name, "runtime": "go", "version": null,
                           "os": null, "pid": 7, "functions": 1, "calls": 0}]);
    assert_eq!(state["workers"], json!({"list": expected, "total": 1}));
    let expected = json!([{"function_id": "log::parse", "namespace": "default", "worker": name,
                           "calls": 0, "kind": "stage", "description": null}]);
    assert_eq!(state["functions"], json!({"list": expected, "total": 1}));
    assert_eq!(state["runs"]["total"], 0);
}
