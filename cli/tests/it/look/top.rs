//! `top` as a person sees it, and lists in a terminal.

use pipewright::{ChannelWriter, Engine, Payload, Worker};
use serde_json::{Value, json};
use tokio::process::Command;
use tokio::task::JoinHandle;

use super::listings::foreign;
use super::look;
use crate::screen::Screen;
use crate::support::TestEngine;

/// Why these tests need a new engine.
const WHOLE: &str = "what is shown is all that the engine has";

const WIDE: (u16, u16) = (30, 120);
const NARROW: (u16, u16) = (10, 30);

/// An engine with a worker with a busy function, a running stream and a full channel.
struct Busy {
    engine: TestEngine,
    _maker: Worker,
    url: String,
    running: String,
    full: String,
    _writer: ChannelWriter,
    tasks: Vec<JoinHandle<()>>,
}

impl Busy {
    async fn new() -> Option<Self> {
        let engine = TestEngine::ours(Engine::builder(), WHOLE).await?;
        let url = engine.url().to_owned();
        let maker = engine.worker(engine.address()).await;
        let worker = Worker::builder(&*url)
            .name("busy-worker")
            .connect()
            .await
            .unwrap();
        let hang = |_: Payload| std::future::pending::<()>();
        worker.register_function("busy::hang", hang).unwrap();
        worker.register_function("busy::idle", hang).unwrap();
        let call = tokio::spawn(async move {
            let _ = worker.call::<Value>("busy::hang", &()).await;
        });
        let running = maker.create_channel(None).await.unwrap();
        let (mut writer, mut reader) = (running.writer, running.reader);
        let stream = tokio::spawn(async move {
            loop {
                writer.write(vec![7; 64 << 10]).await.unwrap();
                writer.flush().await.unwrap();
                reader.next_bytes().await.unwrap();
            }
        });
        let full = maker.create_channel(2).await.unwrap();
        let mut writer = full.writer;
        writer.write("data").await.unwrap();
        writer.flush().await.unwrap();
        let busy = engine.settled(|stats| stats.calls == 1 && stats.buffered_frames >= 2);
        busy.await;
        Some(Self {
            engine,
            _maker: maker,
            url,
            running: running.writer_ref.channel_id,
            full: full.writer_ref.channel_id,
            _writer: writer,
            tasks: vec![call, stream],
        })
    }

    fn top(&self, size: (u16, u16), variables: &[(&str, &str)]) -> Screen {
        Screen::start(&self.url, &["top", "--interval", "100ms"], size, variables)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

#[tokio::test]
async fn what_there_is_is_shown_until_q() {
    let Some(busy) = Busy::new().await else {
        return;
    };
    let mut screen = busy.top(WIDE, &[]);
    // A frame is drawn from the top, so when its last line appears, the frame is complete.
    let below = [
        "Functions (2)",
        "busy::hang",
        "busy::idle",
        "Workers (2)",
        "rust",
    ];
    let text = screen
        .until(|text| {
            let running = text.lines().find(|line| line.contains(&busy.running));
            below.iter().all(|wanted| text.contains(wanted))
                && running.is_some_and(|line| line.contains("iB/s"))
        })
        .await;
    assert!(screen.is_taken() && screen.hides_cursor());
    let headings = [
        "CHANNEL", "FULL", "RATE", "WRITER", "READER", "PASSED", "BUFFERED", "AGE",
    ];
    let line = |begin: &str| {
        let mut lines = text.lines();
        words(
            lines
                .find(|line| line.trim_start().starts_with(begin))
                .unwrap(),
        )
    };
    assert_eq!(line("CHANNEL"), headings);
    assert!(text.contains("> Channels (2)"), "{text}");
    // The fastest first.
    assert!(text.find(&busy.running) < text.find(&busy.full), "{text}");
    assert_eq!(line(&busy.full)[1..5], ["100%", "0", "B/s", "open"]);
    assert_eq!(line("busy::hang"), ["busy::hang", "1", "busy-worker"]);
    assert_eq!(line("busy-worker")[..4], ["busy-worker", "1", "2", "rust"]);
    let head = text.lines().next().unwrap();
    assert!(head.contains("iB/s") && head.contains(&busy.url), "{head}");
    assert_eq!(
        text.lines().last().unwrap(),
        "q quit  Tab next list  Up/Down move"
    );

    screen.press("\t").await;
    screen.line("> Functions (2)").await;
    screen.press("q").await;
    assert_eq!(screen.ended().await, Some(0));
    assert!(!screen.is_taken() && !screen.hides_cursor());
}

#[tokio::test]
async fn a_narrow_terminal_shows_the_most_important_of_one_list() {
    let Some(busy) = Busy::new().await else {
        return;
    };
    let mut screen = busy.top(NARROW, &[]);
    assert_eq!(
        words(&screen.line("CHANNEL").await),
        ["CHANNEL", "FULL", "RATE"]
    );
    let begin = &busy.full[..8];
    assert_eq!(words(&screen.line(begin).await)[1], "100%");
    assert!(!screen.text().contains("Functions"), "{}", screen.text());
    screen.press("\t").await;
    assert_eq!(words(&screen.line("FUNCTION").await), ["FUNCTION", "CALLS"]);
    assert_eq!(words(&screen.line("busy::hang").await), ["busy::hang", "1"]);
    screen.press("\t").await;
    assert_eq!(
        words(&screen.line("busy-worker").await),
        ["busy-worker", "1"]
    );
    // However small the terminal is, it continues.
    for size in [(1, 1), (2, 7), (3, 200)] {
        screen.resize(size);
        screen.until(|text| !text.trim().is_empty()).await;
    }
    screen.resize(WIDE);
    let all = ["Channels (2)", "Functions (2)", "Workers (2)"];
    screen
        .until(|text| all.iter().all(|wanted| text.contains(wanted)))
        .await;
    // Ctrl-C.
    screen.press("\u{3}").await;
    assert_eq!(screen.ended().await, Some(0));
}

#[tokio::test]
async fn colours_are_omitted_when_disabled() {
    let Some(busy) = Busy::new().await else {
        return;
    };
    let full = busy.full.clone();
    let is_shown = |text: &str| text.contains(&full);
    let mut screen = busy.top(WIDE, &[]);
    screen.until(is_shown).await;
    assert!(screen.has_colours());
    for variables in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        let mut screen = busy.top(WIDE, &[variables]);
        screen.until(is_shown).await;
        assert!(!screen.has_colours(), "{variables:?}");
    }
}

#[tokio::test]
async fn keys_scroll_a_long_list() {
    let Some(engine) = TestEngine::ours(Engine::builder(), WHOLE).await else {
        return;
    };
    let worker = engine.worker(engine.address()).await;
    for n in 10..60 {
        let nothing = async |_: Payload| ();
        worker.register_function(format!("f{n}"), nothing).unwrap();
    }
    worker.registered().await.unwrap();
    let mut screen = Screen::start(engine.url(), &["top"], (10, 60), &[]);
    screen.line("> Channels (0)").await;
    screen.press("\t").await;
    screen.line("> Functions (1-6 of 50)").await;
    screen.line("f10").await;
    screen.press("\u{1b}[B\u{1b}[6~").await;
    screen.line("> Functions (12-17 of 50)").await;
    screen.line("f21").await;
    screen.press("\u{1b}[6~".repeat(9).as_str()).await;
    screen.line("> Functions (45-50 of 50)").await;
    screen.press("\u{1b}[H").await;
    screen.line("> Functions (1-6 of 50)").await;
}

#[tokio::test]
async fn a_signal_leaves_the_terminal_as_it_was() {
    let Some(busy) = Busy::new().await else {
        return;
    };
    let mut screen = busy.top(WIDE, &[]);
    screen.line("CHANNEL").await;
    assert!(screen.is_taken());
    let id = screen.id().to_string();
    let kill = Command::new("kill").args(["-s", "TERM", &id]).status();
    assert!(kill.await.unwrap().success());
    assert_eq!(screen.ended().await, Some(0));
    assert!(!screen.is_taken() && !screen.hides_cursor());
}

#[tokio::test]
async fn lost_and_returning_engine_is_shown() {
    let engine = Engine::builder()
        .listen("127.0.0.1:0")
        .start()
        .await
        .unwrap();
    let url = engine.url().unwrap().to_string();
    let mut screen = Screen::start(&url, &["top", "--interval", "100ms"], WIDE, &[]);
    screen.line("> Channels (0)").await;
    engine.shutdown().await;
    screen.line("connection lost, connecting again").await;
    // Nothing else was written to the screen.
    let text = screen.line("q quit").await;
    assert!(!screen.text().contains("WARN"), "{text}");
    let address = url.strip_prefix("ws://").unwrap();
    let engine = Engine::builder().listen(address).start().await.unwrap();
    screen.line("0 B/s").await;
    drop(engine);
}

#[tokio::test]
async fn an_engine_that_lists_no_channels_is_shown_without_them() {
    let url = foreign(|id: &str| match id {
        "engine::functions::list" => json!({"result": {"functions": [{"function_id": "a::f"}]}}),
        "engine::workers::list" => json!({"result": {"workers": []}}),
        _ => json!({"error": {"code": "function_not_found", "message": "no"}}),
    })
    .await;
    let mut screen = Screen::start(&url, &["top"], WIDE, &[]);
    screen
        .line("Channels: this engine does not list them")
        .await;
    assert_eq!(words(&screen.line("a::f").await), ["a::f", "-"]);
}

#[tokio::test]
async fn without_a_terminal_it_is_printed_once() {
    let Some(busy) = Busy::new().await else {
        return;
    };
    let ran = look(&busy.engine, &["top"]).await;
    ran.failed(2, "there is no terminal", "`pipewright top --once`");
    let ran = look(&busy.engine, &["top", "--once"]).await.succeeded();
    for wanted in [&busy.full, &busy.running, "busy::hang", "busy-worker"] {
        assert!(ran.text().contains(wanted), "{}", ran.text());
    }
    let ran = look(&busy.engine, &["top", "--output", "json"])
        .await
        .succeeded();
    let snapshot = ran.json();
    assert_eq!(snapshot["total_channels"], 2);
    assert_eq!(snapshot["channels"][0]["channel_id"], busy.running.as_str());
    assert!(
        snapshot["channels"][0]["bytes_per_second"]
            .as_u64()
            .unwrap()
            > 0
    );
    assert_eq!(snapshot["functions"][0]["function_id"], "busy::hang");
    assert_eq!(snapshot["workers"][0]["name"], "busy-worker");
}

#[tokio::test]
async fn a_listing_in_a_narrow_terminal_is_in_blocks() {
    let Some(busy) = Busy::new().await else {
        return;
    };
    let mut screen = Screen::start(&busy.url, &["functions"], (20, 24), &[]);
    assert_eq!(screen.ended().await, Some(0));
    let expected = "\
busy::hang
  worker       busy-worker
  calls        1
busy::idle
  worker       busy-worker
  calls        0";
    // A line that is too long for the screen continues on the next one.
    assert_eq!(screen.text().replace('\n', ""), expected.replace('\n', ""));
    let mut screen = Screen::start(&busy.url, &["functions"], (20, 80), &[]);
    assert_eq!(screen.ended().await, Some(0));
    let headings = screen.line("FUNCTION").await;
    assert_eq!(
        words(&headings),
        ["FUNCTION", "WORKER", "CALLS", "DESCRIPTION"]
    );
}
