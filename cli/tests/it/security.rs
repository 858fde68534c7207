//! Tokens, roles and certificates on the command line.

use std::fs;
use std::path::PathBuf;

use rcgen::generate_simple_self_signed;
use tempfile::TempDir;

use crate::program::Output;
use crate::program::Program;

/// The files of a test.
struct Files(TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file and returns its path.
    fn put(&self, name: &str, content: &str) -> String {
        fs::write(self.path(name), content).unwrap();
        self.path(name).to_str().unwrap().to_owned()
    }
}

/// An engine and its URL.
async fn engine(arguments: &[&str]) -> (Program, String) {
    let mut all = vec!["engine", "--listen", "127.0.0.1:0"];
    all.extend(arguments);
    let mut program = Program::pipewright(&all);
    let line = program.line().await;
    let url = line.strip_prefix("engine ready at ").unwrap().to_owned();
    (program, url)
}

async fn run(arguments: &[&str]) -> Output {
    Program::pipewright(arguments).output().await
}

fn failed(output: &Output, code: i32, told: &str) {
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    assert!(output.stderr.contains(told), "{output:?}");
    assert!(!output.stderr.contains("s3cret"), "{output:?}");
}

#[tokio::test]
async fn tokens_are_read_from_files_and_limited_by_roles() {
    let files = Files::new();
    let all = files.put("all", "s3cret-all\n");
    let one = files.put("one", "s3cret-one");
    let roles = format!("[[role]]\ntoken_file = {one:?}\ntrigger = [\"engine::*::list\"]\n");
    let roles = files.put("roles.toml", &roles);
    let (_engine, url) = engine(&["--token-file", &all, "--roles", &roles]).await;

    let listed = run(&["functions", "--url", &url, "--token-file", &one]).await;
    assert!(listed.status.success(), "{listed:?}");
    let refused = run(&["trigger", "any", "--url", &url, "--token-file", &one]).await;
    failed(&refused, 4, "may not trigger any");
    let unknown = run(&["trigger", "any", "--url", &url, "--token-file", &all]).await;
    failed(&unknown, 4, "no worker has function `any`");
    let stranger = run(&["functions", "--url", &url]).await;
    failed(&stranger, 3, "token");

    let missing = run(&["functions", "--url", &url, "--token-file", "no/such/file"]).await;
    failed(&missing, 2, "cannot read the token in no/such/file");
    let unset = [
        "functions",
        "--url",
        &url,
        "--token-env",
        "PIPEWRIGHT_NOT_SET",
    ];
    let unset = run(&unset).await;
    failed(&unset, 2, "hint: put the token into it");
}

#[tokio::test]
async fn what_is_wrong_with_the_roles_is_told() {
    let files = Files::new();
    for (text, told) in [
        (
            "[[role]]\nregister = [\"a\"]\n",
            "has no token_env or token_file",
        ),
        ("[[role]]\ntriggers = []\n", "unknown field `triggers`"),
        (
            "[[role]]\ntoken_env = \"PIPEWRIGHT_NOT_SET\"\n",
            "PIPEWRIGHT_NOT_SET",
        ),
    ] {
        let roles = files.put("roles.toml", text);
        let output = run(&["engine", "--listen", "127.0.0.1:0", "--roles", &roles]).await;
        failed(&output, 2, told);
        assert!(output.stderr.contains("hint: "), "{output:?}");
    }
}

/// With such a token, the engine would accept no client, or every client.
#[tokio::test]
async fn tokens_that_open_nothing_end_with_status_2() {
    let files = Files::new();
    for token in [
        "",
        "\n",
        "one\ntwo\n",
        "t\u{f6}k\n",
        " s3cret",
        "a\tb",
        "\u{feff}",
    ] {
        let token = files.put("token", token);
        let start = ["engine", "--listen", "127.0.0.1:0", "--token-file", &token];
        failed(&run(&start).await, 2, "token");
        let ask = [
            "workers",
            "--url",
            "ws://127.0.0.1:1",
            "--token-file",
            &token,
        ];
        failed(&run(&ask).await, 2, "token");
    }
}

#[tokio::test]
async fn roles_that_admit_no_client_exit_with_status_2() {
    let files = Files::new();
    let token = files.put("token", "s3cret");
    let twice = format!("[[role]]\ntoken_file = {token:?}\n");
    let twice = format!("{twice}{twice}register = [\"a\"]\n");
    for (roles, told) in [
        ("role = []\n", "no role"),
        ("", "missing field `role`"),
        (&*twice, "same bearer token"),
    ] {
        let roles = files.put("roles.toml", roles);
        let start = ["engine", "--listen", "127.0.0.1:0", "--roles", &roles];
        failed(&run(&start).await, 2, told);
    }
}

#[tokio::test]
async fn a_role_creates_channels_if_it_may() {
    let files = Files::new();
    let (view, make) = (
        files.put("view", "s3cret-view"),
        files.put("make", "s3cret-make"),
    );
    let roles = format!(
        "[[role]]\ntoken_file = {view:?}\ntrigger = [\"engine::*::list\"]\nregister = []\n\
         [[role]]\ntoken_file = {make:?}\nchannels = true\n"
    );
    let roles = files.put("roles.toml", &roles);
    let (_engine, url) = engine(&["--roles", &roles]).await;
    let create =
        async |token| run(&["channel", "create", "--url", &url, "--token-file", token]).await;
    failed(
        &create(&view).await,
        4,
        "may not trigger engine::channels::create",
    );
    assert!(create(&make).await.status.success());
}

#[tokio::test]
async fn certificates_are_read_from_files() {
    let files = Files::new();
    let certified = generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let cert = files.put("cert.pem", &certified.cert.pem());
    let key = files.put("key.pem", &certified.signing_key.serialize_pem());
    let (_engine, url) = engine(&["--tls-cert", &cert, "--tls-key", &key]).await;
    assert!(url.starts_with("wss://127.0.0.1:"), "{url}");
    let listed = run(&["workers", "--url", &url, "--ca", &cert]).await;
    assert!(listed.status.success(), "{listed:?}");
    let stranger = run(&["workers", "--url", &url]).await;
    failed(&stranger, 3, "certificate");

    let half = run(&["engine", "--tls-cert", &cert]).await;
    failed(&half, 2, "--tls-key");
}
