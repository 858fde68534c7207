//! The program in a pseudo-terminal, as a person sees it.

use std::num::NonZeroU16;
use std::process::Stdio;
use std::time::Instant;

use pty_process::{Command, Pty, Size};
use tokio::io::{AsyncReadExt, AsyncWriteExt, sink};
use tokio::process::{Child, ChildStdin, ChildStdout};
use vt100::Parser;

use crate::support::{FAILED, within};

/// How much of the output is read whenever something is drawn.
const PIECE: u64 = 4 << 20;

/// A command whose standard error is a terminal; killed when it is dropped.
pub(crate) struct Terminal {
    child: Child,
    pub(crate) stdin: Option<ChildStdin>,
    /// `None` where it is the terminal, too.
    pub(crate) stdout: Option<ChildStdout>,
    pty: Pty,
    screen: Parser,
    written: Vec<u8>,
}

/// What a terminal shows.
pub(crate) struct Shown {
    /// Exit status; `None` if a signal has ended the command.
    pub(crate) code: Option<i32>,
    /// Lines of the screen, without blanks at their ends.
    pub(crate) rows: Vec<String>,
    /// Everything that was written, control codes and all.
    pub(crate) written: String,
}

/// How a terminal is set up.
pub(crate) struct Setup {
    pub(crate) rows: u16,
    pub(crate) columns: u16,
    /// The environment, beside `TERM=xterm-256color`.
    pub(crate) variables: &'static [(&'static str, &'static str)],
    /// Whether standard output is the terminal, too.
    pub(crate) for_output: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            rows: 24,
            columns: 100,
            variables: &[],
            for_output: false,
        }
    }
}

impl Terminal {
    /// Starts `pipewright` with arguments that are parted by blanks.
    pub(crate) fn start(arguments: &str, setup: &Setup) -> Self {
        let (pty, line) = pty_process::open().unwrap();
        pty.resize(Size::new(setup.rows, setup.columns)).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_pipewright"))
            .args(arguments.split_whitespace())
            .env_remove("PIPEWRIGHT_ENGINE_URL")
            .env_remove("NO_COLOR")
            .env("TERM", "xterm-256color")
            .envs(setup.variables.iter().copied())
            .stdin(Stdio::piped())
            .kill_on_drop(true);
        if !setup.for_output {
            command = command.stdout(Stdio::piped());
        }
        let mut child = command.spawn(line).unwrap();
        let [rows, columns] = [setup.rows, setup.columns].map(|n| NonZeroU16::new(n).unwrap());
        Self {
            stdin: child.stdin.take(),
            stdout: child.stdout.take(),
            child,
            pty,
            screen: Parser::new(rows, columns, 0),
            written: Vec::new(),
        }
    }

    /// Presses keys.
    pub(crate) async fn press(&mut self, keys: &[u8]) {
        self.pty.write_all(keys).await.unwrap();
    }

    /// The lines of the screen.
    pub(crate) fn rows(&self) -> Vec<String> {
        let screen = self.screen.screen();
        let (_, columns) = screen.size();
        let rows = screen.rows(0, columns.get());
        rows.map(|row| row.trim_end().to_owned()).collect()
    }

    /// Waits until the screen is as wanted, and gives its lines. Meanwhile a piece of the output
    /// is read whenever something is drawn, so that the command goes on slowly.
    pub(crate) async fn until(&mut self, wanted: impl Fn(&[String]) -> bool) -> Vec<String> {
        let until = Instant::now() + FAILED;
        loop {
            let rows = self.rows();
            if wanted(&rows) {
                return rows;
            }
            assert!(Instant::now() < until, "never shown: {rows:#?}");
            assert!(self.read().await, "the command has ended: {rows:#?}");
            if let Some(stdout) = &mut self.stdout {
                let piece = stdout.take(PIECE);
                within(tokio::io::copy(&mut { piece }, &mut sink()))
                    .await
                    .unwrap();
            }
        }
    }

    /// Reads on; whether there was anything.
    async fn read(&mut self) -> bool {
        let mut bytes = vec![0; 4096];
        // On Linux the last one to leave makes reading fail.
        let read = within(self.pty.read(&mut bytes)).await.unwrap_or(0);
        self.screen.process(&bytes[..read]);
        self.written.extend_from_slice(&bytes[..read]);
        read > 0
    }

    /// Waits for the end of the command, while its output is read if it is not the terminal.
    pub(crate) async fn ended(mut self) -> Shown {
        let mut stdout = self.stdout.take();
        let mut data = Vec::new();
        let reading = async {
            if let Some(stdout) = &mut stdout {
                stdout.read_to_end(&mut data).await.unwrap();
            }
        };
        let showing = async { while self.read().await {} };
        within(async { tokio::join!(reading, showing) }).await;
        let status = within(self.child.wait()).await.unwrap();
        Shown {
            code: status.code(),
            rows: self.rows(),
            written: String::from_utf8(self.written).unwrap(),
        }
    }
}
