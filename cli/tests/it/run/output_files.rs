//! Output files: everything about an existing file is kept except its content.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::Stdio;

use tempfile::TempDir;
use tokio::process::Command;

use super::filter::Ended;
use super::{Filter, Stages};

struct Place {
    stages: Stages,
    directory: TempDir,
}

impl Place {
    async fn new() -> Self {
        Self {
            stages: Stages::new().await,
            directory: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    async fn run(&self, stage: &str, output: &str, input: &str) -> Ended {
        let arguments = format!("{stage} -o {}", self.path(output).display());
        let run = Filter::start(&self.stages.url, &arguments);
        run.through(input.as_bytes()).await
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn names(&self) -> usize {
        fs::read_dir(self.directory.path()).unwrap().count()
    }
}

fn set_mode(path: PathBuf, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[tokio::test]
async fn mode_of_an_existing_file_is_kept() {
    let place = Place::new().await;
    for name in ["out", "side"] {
        fs::write(place.path(name), "old").unwrap();
        set_mode(place.path(name), 0o600);
    }
    place.run("bytes::copy", "out", "new").await.complete();
    let pipeline = format!("[[steps]]\ntee = {:?}\n", place.path("side"));
    fs::write(place.path("p.toml"), pipeline).unwrap();
    let file = format!("-f {}", place.path("p.toml").display());
    let run = Filter::start(&place.stages.url, &file);
    run.through(b"new").await.complete();
    for name in ["out", "side"] {
        let mode = fs::metadata(place.path(name)).unwrap().mode() & 0o777;
        assert_eq!((mode, place.text(name).as_str()), (0o600, "new"), "{name}");
    }
}

#[tokio::test]
async fn links_to_the_output_are_kept() {
    let place = Place::new().await;
    fs::write(place.path("file"), "old").unwrap();
    fs::hard_link(place.path("file"), place.path("hard")).unwrap();
    symlink("file", place.path("link")).unwrap();
    symlink("created", place.path("dangling")).unwrap();
    place.run("bytes::copy", "link", "new").await.complete();
    place.run("bytes::copy", "dangling", "new").await.complete();
    assert!(place.path("link").is_symlink() && place.path("dangling").is_symlink());
    for name in ["file", "hard", "created"] {
        assert_eq!(place.text(name), "new", "{name}");
    }
    assert_eq!(place.names(), 5);
}

#[tokio::test]
async fn part_that_is_a_link_is_never_followed() {
    let place = Place::new().await;
    fs::write(place.path("victim"), "precious").unwrap();
    symlink("victim", place.path("out.part")).unwrap();
    let ended = place.run("bytes::copy", "out", "new").await;
    let told = ended.failed(2);
    assert!(told.contains("out.part: it is a symbolic link"), "{told}");
    assert_eq!(place.text("victim"), "precious");
    assert!(!place.path("out").exists());

    // A hard link is replaced.
    fs::remove_file(place.path("out.part")).unwrap();
    fs::hard_link(place.path("victim"), place.path("out.part")).unwrap();
    place.run("bytes::copy", "out", "new").await.complete();
    assert_eq!(
        (place.text("victim"), place.text("out")),
        ("precious".into(), "new".into())
    );
}

#[tokio::test]
async fn failed_run_leaves_no_empty_file() {
    let place = Place::new().await;
    for stage in ["text::sound", "no::such"] {
        place.run(stage, "out", "poison\n").await.failed(4);
        assert_eq!(place.names(), 0, "{stage}");
    }
    let nowhere = format!("none{}out", std::path::MAIN_SEPARATOR);
    let ended = place.run("bytes::copy", &nowhere, "x").await;
    assert!(ended.failed(2).contains("cannot write"), "{ended:?}");
}

#[tokio::test]
async fn devices_are_written_and_not_replaced() {
    let place = Place::new().await;
    for (device, expected) in [
        ("/dev/stdout", "new"),
        ("/dev/fd/1", "new"),
        ("/dev/stderr", ""),
        ("/dev/null", ""),
    ] {
        let before = fs::symlink_metadata(device).unwrap().file_type();
        let stdout = fs::File::create(place.path("stdout")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_pipewright"));
        command.args(["run", "--url", &place.stages.url, "-q", "bytes::copy"]);
        command.args(["-i", place.path("in").to_str().unwrap(), "-o", device]);
        fs::write(place.path("in"), "new").unwrap();
        command.stdin(Stdio::null()).stdout(stdout);
        let child = command.stderr(Stdio::piped()).spawn().unwrap();
        let ran = crate::support::within(child.wait_with_output())
            .await
            .unwrap();
        assert!(ran.status.success(), "{device}: {ran:?}");
        assert_eq!(place.text("stdout"), expected, "{device}");
        let is_stderr = device == "/dev/stderr";
        assert_eq!(ran.stderr == b"new", is_stderr, "{device}: {ran:?}");
        assert_eq!(fs::symlink_metadata(device).unwrap().file_type(), before);
    }
}

#[tokio::test]
async fn report_of_a_run_is_json() {
    let place = Place::new().await;
    let report = place.path("report").display().to_string();
    for (input, state, status) in [("one\n", "complete", 0), ("poison\n", "failed", 4)] {
        let arguments = format!("text::sound --report {report}");
        let run = Filter::start(&place.stages.url, &arguments);
        assert_eq!(run.through(input.as_bytes()).await.code, Some(status));
        let read: serde_json::Value = serde_json::from_str(&place.text("report")).unwrap();
        assert_eq!(read["state"], state);
        if status == 0 {
            assert_eq!(read["report"]["bytes_in"], 4);
            assert!(read["report"]["stages"].is_array(), "{read}");
        } else {
            assert_eq!(read["error"]["status"], 4);
            let message = read["error"]["message"].as_str().unwrap();
            assert!(message.contains("the line is poison"), "{read}");
        }
    }
}
