//! What a person sees of a run.

#![cfg(unix)]

use tokio::io::AsyncWriteExt;

use super::{Filter, Stages};
use crate::programs::{Setup, Terminal};
use crate::support::within;

/// Much more than the channels of a run of two stages, and the sockets between them, hold.
const LONG: u64 = 200 << 20;

/// A file that is read half, until somebody reads what comes out.
fn half_way(stages: &Stages, file: &tempfile::NamedTempFile, setup: &Setup) -> Terminal {
    file.as_file().set_len(LONG).unwrap();
    let arguments = format!(
        "run --url {} bytes::copy bytes::head --param bytes::head.bytes=1000000000 --input {}",
        stages.url,
        file.path().display()
    );
    Terminal::start(&arguments, setup)
}

/// Whether the run is shown with both of its stages at work.
fn at_work(rows: &[String]) -> bool {
    rows[0].contains(" MiB of ") && rows[1].contains("busy") && rows[2].contains("busy")
}

#[tokio::test]
async fn progress_is_drawn_and_taken_away_at_the_end() {
    let stages = Stages::new().await;
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut terminal = half_way(&stages, &file, &Setup::default());
    let rows = terminal.until(at_work).await;
    println!("{rows:#?}");
    let (percent, _) = rows[0].split_once(" %, ").unwrap();
    assert!(
        (10..90).contains(&percent.parse::<u32>().unwrap()),
        "{rows:#?}"
    );
    assert!(rows[0].contains(" MiB of 200.0 MiB in"), "{rows:#?}");
    assert!(rows[1].starts_with("  bytes::copy "), "{rows:#?}");
    assert!(rows[2].starts_with("  bytes::head"), "{rows:#?}");
    assert!(rows[3..].iter().all(String::is_empty), "{rows:#?}");

    let shown = terminal.ended().await;
    println!("{:#?}", shown.rows);
    assert_eq!(shown.code, Some(0), "{:#?}", shown.rows);
    assert!(
        shown.rows[0].starts_with("complete: 200.0 MiB in, 200.0 MiB out in "),
        "{:#?}",
        shown.rows
    );
    assert!(
        shown.rows[1].starts_with("  bytes::copy  ")
            && shown.rows[1].contains("200.0 MiB -> 200.0 MiB"),
        "{:#?}",
        shown.rows
    );
    assert!(
        shown.rows[3..].iter().all(String::is_empty),
        "{:#?}",
        shown.rows
    );
    // In colour.
    assert!(shown.written.contains("\x1b[32m"), "{:?}", shown.written);
}

#[tokio::test]
async fn a_narrow_terminal_shows_what_matters_most() {
    let stages = Stages::new().await;
    let file = tempfile::NamedTempFile::new().unwrap();
    let setup = Setup {
        columns: 30,
        ..Setup::default()
    };
    let mut terminal = half_way(&stages, &file, &setup);
    let rows = terminal
        .until(|rows| rows[0].contains(" %, ") && rows[2].contains("bytes::head"))
        .await;
    println!("{rows:#?}");
    // One row each: nothing has run over into the next.
    assert!(
        rows[0].contains(" %, ") && rows[0].chars().count() <= 30,
        "{rows:#?}"
    );
    assert!(rows[1].starts_with("  bytes::copy"), "{rows:#?}");
    assert!(rows[2].starts_with("  bytes::head"), "{rows:#?}");
    assert!(rows[3..].iter().all(String::is_empty), "{rows:#?}");
    let shown = terminal.ended().await;
    assert!(
        shown.rows[0].starts_with("complete: 200.0 MiB in"),
        "{:#?}",
        shown.rows
    );
}

#[tokio::test]
async fn without_colour_there_is_none() {
    let stages = Stages::new().await;
    let file = tempfile::NamedTempFile::new().unwrap();
    let setup = Setup {
        variables: &[("NO_COLOR", "1")],
        ..Setup::default()
    };
    let mut terminal = half_way(&stages, &file, &setup);
    terminal.until(at_work).await;
    let shown = terminal.ended().await;
    assert!(shown.rows[0].starts_with("complete: "), "{:#?}", shown.rows);
    assert!(!shown.written.contains("\x1b[3"), "{:?}", shown.written);
    assert!(!shown.written.contains("\x1b[1m"), "{:?}", shown.written);
}

#[tokio::test]
async fn a_terminal_that_cannot_draw_gets_lines() {
    let stages = Stages::new().await;
    let file = tempfile::NamedTempFile::new().unwrap();
    let setup = Setup {
        variables: &[("TERM", "dumb")],
        ..Setup::default()
    };
    let mut terminal = half_way(&stages, &file, &setup);
    terminal
        .until(|rows| rows[0].contains(" MiB of 200.0 MiB in, "))
        .await;
    let shown = terminal.ended().await;
    assert!(
        shown.rows.iter().any(|row| row.starts_with("complete: ")),
        "{:#?}",
        shown.rows
    );
    assert!(!shown.written.contains('\x1b'), "{:?}", shown.written);
}

#[tokio::test]
async fn without_a_terminal_there_are_lines() {
    let stages = Stages::new().await;
    let mut run = Filter::start(&stages.url, "bytes::copy");
    run.put(b"begin").await;
    assert_eq!(run.take(5).await, b"begin");
    let line = run.says().await;
    assert!(
        line.starts_with("5 B in, 4 B/s, 5 B out, 1 s") || line.starts_with("5 B in, "),
        "{line}"
    );
    let ended = run.through(b"").await;
    assert!(
        ended.stderr.contains("complete: 5 B in, 5 B out in "),
        "{}",
        ended.stderr
    );
    assert!(
        !ended.stderr.contains('\x1b') && !ended.stderr.contains('\r'),
        "{:?}",
        ended.stderr
    );
}

/// Progress would stand in the middle of it.
#[tokio::test]
async fn data_on_the_terminal_is_not_drawn_over() {
    let stages = Stages::new().await;
    let setup = Setup {
        for_output: true,
        ..Setup::default()
    };
    let arguments = format!("run --url {} bytes::copy", stages.url);
    let mut terminal = Terminal::start(&arguments, &setup);
    let mut stdin = terminal.stdin.take().unwrap();
    within(stdin.write_all(b"one\n")).await.unwrap();
    terminal.until(|rows| rows[0] == "one").await;
    // Long enough for progress to be due.
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    within(stdin.write_all(b"two\n")).await.unwrap();
    drop(stdin);
    let shown = terminal.ended().await;
    assert_eq!(shown.rows[..2], ["one", "two"]);
    assert!(
        shown.rows[2].starts_with("complete: 8 B in, 8 B out"),
        "{:#?}",
        shown.rows
    );
    assert!(!shown.written.contains("\x1b[2K"), "{:?}", shown.written);
}

#[tokio::test]
async fn ctrl_c_at_the_keyboard_leaves_a_clean_screen() {
    let stages = Stages::new().await;
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut terminal = half_way(&stages, &file, &Setup::default());
    terminal.until(at_work).await;
    terminal.press(b"\x03").await;
    let shown = terminal.ended().await;
    println!("{:#?}", shown.rows);
    assert_eq!(shown.code, Some(130));
    // What was there stays, so that it can be seen how far it got; each once.
    let rows: Vec<_> = shown.rows.iter().filter(|row| !row.is_empty()).collect();
    assert_eq!(
        rows.iter().filter(|row| row.contains(" MiB of ")).count(),
        1,
        "{rows:#?}"
    );
    assert!(rows[2].starts_with("  bytes::head "), "{rows:#?}");
    assert_eq!(
        rows.last().unwrap().as_str(),
        "error: the run was cancelled",
        "{rows:#?}"
    );
}
