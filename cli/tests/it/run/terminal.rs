//! The output of a run on a terminal.

#![cfg(unix)]

use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use pty_process::Command;
use tokio::io::{AsyncReadExt, AsyncWriteExt, sink};
use tokio::process::ChildStdout;

use super::{Filter, Stages};
use crate::screen::Screen;
use crate::support::within;

/// Much more data than the channels of a run of two stages, and the sockets between them, can hold.
const LONG: u64 = 200 << 20;

const WIDE: (u16, u16) = (24, 100);

/// A run of a long file through two stages, whose output is read slowly.
struct LongRun {
    screen: Screen,
    in_a_hurry: Arc<AtomicBool>,
    _file: tempfile::NamedTempFile,
}

impl LongRun {
    fn start(stages: &Stages, dimensions: (u16, u16), variables: &[(&str, &str)]) -> Self {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(LONG).unwrap();
        let command = Command::new(env!("CARGO_BIN_EXE_pipewright"))
            .args(["run", "--url", &stages.url, "bytes::copy", "bytes::head"])
            .args(["--param", "bytes::head.bytes=1000000000", "--input"])
            .arg(file.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let mut screen = Screen::spawn(command, dimensions, variables);
        let in_a_hurry = Arc::new(AtomicBool::new(false));
        let stdout = screen.child.stdout.take().unwrap();
        tokio::spawn(read_slowly(stdout, Arc::clone(&in_a_hurry)));
        Self {
            screen,
            in_a_hurry,
            _file: file,
        }
    }

    /// Waits until the screen shows the run with both of its stages at work.
    async fn at_work(&mut self) -> Vec<String> {
        let both = |text: &str| text.matches(" % busy").count() == 2;
        self.screen.until(both).await;
        self.screen.rows()
    }

    /// Waits for the end. Returns the status and the screen.
    async fn ended(&mut self) -> (Option<i32>, Vec<String>) {
        self.in_a_hurry.store(true, SeqCst);
        let code = self.screen.ended().await;
        (code, self.screen.rows())
    }
}

/// Reads twenty megabytes per second, so that the run takes long enough.
async fn read_slowly(mut stdout: ChildStdout, in_a_hurry: Arc<AtomicBool>) {
    loop {
        let mut piece = (&mut stdout).take(2 << 20);
        if tokio::io::copy(&mut piece, &mut sink()).await.unwrap() == 0 {
            return;
        }
        if !in_a_hurry.load(SeqCst) {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

#[tokio::test]
async fn progress_is_drawn_and_taken_away_at_the_end() {
    let stages = Stages::new().await;
    let mut run = LongRun::start(&stages, WIDE, &[]);
    let rows = run.at_work().await;
    println!("{rows:#?}");
    let (percent, _) = rows[0].split_once(" %, ").unwrap();
    assert!(
        (1..100).contains(&percent.parse::<u32>().unwrap()),
        "{rows:#?}"
    );
    assert!(
        rows[0].contains("s left, ") && rows[0].contains(" MiB of 200.0 MiB in, "),
        "{rows:#?}"
    );
    assert!(rows[1].starts_with("  bytes::copy "), "{rows:#?}");
    assert!(rows[2].starts_with("  bytes::head "), "{rows:#?}");
    assert_eq!(rows.len(), 3, "{rows:#?}");

    let (code, rows) = run.ended().await;
    println!("{rows:#?}");
    assert_eq!(code, Some(0), "{rows:#?}");
    assert!(
        rows[0].starts_with("complete: 200.0 MiB in, 200.0 MiB out in "),
        "{rows:#?}"
    );
    assert!(
        rows[1].starts_with("  bytes::copy  ") && rows[1].contains("200.0 MiB -> 200.0 MiB"),
        "{rows:#?}"
    );
    assert_eq!(rows.len(), 3, "{rows:#?}");
    assert!(run.screen.has_colours());
}

#[tokio::test]
async fn a_narrow_terminal_shows_what_matters_most() {
    let stages = Stages::new().await;
    let mut run = LongRun::start(&stages, (24, 30), &[]);
    let rows = run.at_work().await;
    println!("{rows:#?}");
    // One row each: no line wraps.
    assert!(
        rows[0].contains(" %, ") && rows[0].ends_with(" left"),
        "{rows:#?}"
    );
    assert!(
        rows[1].starts_with("  bytes::copy ") && rows[1].ends_with(" % busy"),
        "{rows:#?}"
    );
    assert!(
        rows[2].starts_with("  bytes::head ") && rows[2].ends_with(" % busy"),
        "{rows:#?}"
    );
    assert_eq!(rows.len(), 3, "{rows:#?}");
    let (code, rows) = run.ended().await;
    assert_eq!(code, Some(0), "{rows:#?}");
    assert!(rows[0].starts_with("complete: 200.0 MiB in"), "{rows:#?}");
}

#[tokio::test]
async fn without_colour_there_is_none() {
    let stages = Stages::new().await;
    let mut run = LongRun::start(&stages, WIDE, &[("NO_COLOR", "1")]);
    run.at_work().await;
    let (_, rows) = run.ended().await;
    assert!(rows[0].starts_with("complete: "), "{rows:#?}");
    assert!(!run.screen.has_colours());
    let written = run.screen.written();
    assert!(
        !written.contains("\x1b[3") && !written.contains("\x1b[1m"),
        "{written:?}"
    );
}

#[tokio::test]
async fn a_terminal_that_cannot_draw_gets_lines() {
    let stages = Stages::new().await;
    let mut run = LongRun::start(&stages, WIDE, &[("TERM", "dumb")]);
    let wanted = |text: &str| text.contains(" MiB of 200.0 MiB in, ");
    run.screen.until(wanted).await;
    let (_, rows) = run.ended().await;
    assert!(
        rows.iter().any(|row| row.starts_with("complete: ")),
        "{rows:#?}"
    );
    assert!(!run.screen.written().contains('\x1b'), "{rows:#?}");
}

#[tokio::test]
async fn without_a_terminal_there_are_lines() {
    let stages = Stages::new().await;
    let mut run = Filter::start(&stages.url, "bytes::copy");
    run.put(b"begin").await;
    assert_eq!(run.take(5).await, b"begin");
    let line = run.says().await;
    assert!(
        line.starts_with("5 B in, ") && line.contains("/s, 5 B out, 1."),
        "{line}"
    );
    let ended = run.through(b"").await;
    let said = &ended.stderr;
    assert!(said.contains("complete: 5 B in, 5 B out in "), "{said}");
    assert!(!said.contains('\x1b') && !said.contains('\r'), "{said:?}");
}

#[tokio::test]
async fn a_line_of_the_log_stands_above_what_is_drawn() {
    let mut stages = Stages::new().await;
    let mut run = LongRun::start(&stages, WIDE, &[]);
    run.at_work().await;
    stages.engine.kill().await;
    let (code, rows) = run.ended().await;
    assert_ne!(code, Some(0), "{rows:#?}");
    let lost = rows.iter().find(|row| row.contains(" WARN "));
    let lost = lost.unwrap_or_else(|| panic!("{rows:#?}"));
    // From its timestamp on, without any progress in it.
    assert!(
        lost.starts_with("20") && lost.contains("connection to the engine"),
        "{rows:#?}"
    );
    assert!(
        !lost.contains(" %, ") && !lost.contains("busy"),
        "{rows:#?}"
    );
}

/// Progress would appear in the middle of the data.
#[tokio::test]
async fn data_on_the_terminal_is_not_drawn_over() {
    let stages = Stages::new().await;
    let command = Command::new(env!("CARGO_BIN_EXE_pipewright"))
        .args(["run", "--url", &stages.url, "bytes::copy"])
        .stdin(Stdio::piped());
    let mut screen = Screen::spawn(command, WIDE, &[]);
    let mut stdin = screen.child.stdin.take().unwrap();
    within(stdin.write_all(b"one\n")).await.unwrap();
    screen.until(|text| text == "one").await;
    // Long enough for progress to be due.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    within(stdin.write_all(b"two\n")).await.unwrap();
    drop(stdin);
    assert_eq!(screen.ended().await, Some(0));
    let rows = screen.rows();
    assert_eq!(rows[..2], ["one", "two"]);
    assert!(
        rows[2].starts_with("complete: 8 B in, 8 B out"),
        "{rows:#?}"
    );
    assert!(!screen.written().contains("\x1b[2K"), "{rows:#?}");
}

#[tokio::test]
async fn ctrl_c_at_the_keyboard_leaves_what_was_shown() {
    let stages = Stages::new().await;
    let mut run = LongRun::start(&stages, WIDE, &[]);
    run.at_work().await;
    run.screen.press("\x03").await;
    let (code, rows) = run.ended().await;
    println!("{rows:#?}");
    assert_eq!(code, Some(130));
    // The last progress stays on the screen, each line once.
    assert_eq!(
        rows.iter().filter(|row| row.contains(" MiB of ")).count(),
        1,
        "{rows:#?}"
    );
    assert!(rows[2].starts_with("  bytes::head "), "{rows:#?}");
    assert_eq!(
        rows.last().unwrap(),
        "error: the run was cancelled",
        "{rows:#?}"
    );
}
