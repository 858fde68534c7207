use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

use crate::support::within;

/// A running `pipewright run` with all its streams; killed when dropped.
pub(crate) struct Filter {
    pub(crate) child: Child,
    pub(crate) stdin: Option<ChildStdin>,
    pub(crate) stdout: ChildStdout,
    pub(crate) stderr: BufReader<ChildStderr>,
}

/// The result of the process.
#[derive(Debug)]
pub(crate) struct Ended {
    /// `None` if a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Filter {
    /// Starts `pipewright run` at the engine at `url`; the arguments are separated by blanks.
    pub(crate) fn start(url: &str, arguments: &str) -> Self {
        Self::of(
            Command::new(env!("CARGO_BIN_EXE_pipewright")).args(
                ["run", "--url", url]
                    .into_iter()
                    .chain(arguments.split_whitespace()),
            ),
        )
    }

    /// Starts a command that behaves like `pipewright run`.
    pub(crate) fn of(command: &mut Command) -> Self {
        let mut child = command
            .env_remove("PIPEWRIGHT_ENGINE_URL")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Self {
            stdin: child.stdin.take(),
            stdout: child.stdout.take().unwrap(),
            stderr: BufReader::new(child.stderr.take().unwrap()),
            child,
        }
    }

    /// Writes, and leaves standard input open.
    pub(crate) async fn put(&mut self, bytes: &[u8]) {
        let stdin = self.stdin.as_mut().unwrap();
        within(stdin.write_all(bytes)).await.unwrap();
        within(stdin.flush()).await.unwrap();
    }

    /// Reads exactly `len` bytes.
    pub(crate) async fn take(&mut self, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        within(self.stdout.read_exact(&mut bytes)).await.unwrap();
        bytes
    }

    /// The next line on standard error.
    pub(crate) async fn says(&mut self) -> String {
        let mut line = String::new();
        within(self.stderr.read_line(&mut line)).await.unwrap();
        line
    }

    /// Sends a signal, as a terminal does.
    #[cfg(unix)]
    pub(crate) async fn signal(&self, name: &str) {
        let id = self.child.id().expect("it runs").to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status().await;
        assert!(sent.unwrap().success());
    }

    /// Waits for the process to end, without closing standard input.
    pub(crate) async fn ended(mut self) -> Ended {
        let (mut stdout, mut stderr) = (Vec::new(), String::new());
        let read = async {
            let out = self.stdout.read_to_end(&mut stdout);
            let errors = self.stderr.read_to_string(&mut stderr);
            tokio::try_join!(out, errors).unwrap();
            self.child.wait().await.unwrap().code()
        };
        let code = within(read).await;
        Ended {
            code,
            stdout,
            stderr,
        }
    }

    /// Writes `input` and closes standard input while waiting for the end.
    pub(crate) async fn through(mut self, input: &[u8]) -> Ended {
        let mut stdin = self.stdin.take().unwrap();
        let write = async {
            // A failed run stops reading.
            let _ = stdin.write_all(input).await;
            drop(stdin);
        };
        tokio::join!(write, self.ended()).1
    }
}

impl Ended {
    /// The output of a run that must be complete.
    #[track_caller]
    pub(crate) fn complete(&self) -> &[u8] {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        let mut lines = self.stderr.lines();
        assert!(
            lines.any(|line| line.starts_with("complete")),
            "{}",
            self.stderr
        );
        &self.stdout
    }

    /// The standard error of a run that must end with `code`.
    #[track_caller]
    pub(crate) fn failed(&self, code: i32) -> &str {
        assert_eq!(self.code, Some(code), "{}", self.stderr);
        let mut lines = self.stderr.lines();
        assert!(
            !lines.any(|line| line.starts_with("complete")),
            "{}",
            self.stderr
        );
        &self.stderr
    }
}
