use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::support::within;

/// The program. For its own package, cargo supplies the path. For other packages, a script builds
/// it if it is missing or older than its sources.
pub(crate) const PIPEWRIGHT: &str = match option_env!("CARGO_BIN_EXE_pipewright") {
    Some(path) => path,
    None => concat!(env!("CARGO_MANIFEST_DIR"), "/tests/program"),
};

/// A running process, which is killed when dropped.
pub(crate) struct Program {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

/// The result of a process.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Program {
    /// The program `pipewright`.
    pub(crate) fn pipewright(arguments: &[&str]) -> Self {
        Self::start(Command::new(PIPEWRIGHT).args(arguments))
    }

    /// An example, which `cargo test` has built.
    pub(crate) fn example(name: &str, arguments: &[&str]) -> Self {
        Self::example_in(None, name, arguments)
    }

    /// An example that registers its functions in a namespace.
    pub(crate) fn example_in(namespace: Option<&str>, name: &str, arguments: &[&str]) -> Self {
        let tests = std::env::current_exe().unwrap();
        let mut path: PathBuf = tests.ancestors().nth(2).unwrap().join("examples");
        path.push(format!("{name}{}", std::env::consts::EXE_SUFFIX));
        assert!(
            path.exists(),
            "{} is missing; `cargo test --workspace` builds the examples, too",
            path.display()
        );
        let mut command = Command::new(path);
        Self::start(
            command
                .args(arguments)
                .envs(namespace.map(|namespace| ("III_NAMESPACE", namespace))),
        )
    }

    /// A shell command.
    #[cfg(unix)]
    pub(crate) fn shell(line: &str) -> Self {
        Self::start(Command::new("sh").args(["-c", line]))
    }

    fn start(command: &mut Command) -> Self {
        let mut child = command
            .env_remove("PIPEWRIGHT_ENGINE_URL")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let stdout = child.stdout.take().unwrap();
        Self {
            child,
            lines: BufReader::new(stdout).lines(),
        }
    }

    /// An engine in a separate process, and its URL.
    pub(crate) async fn engine() -> (Self, String) {
        let mut program = Self::pipewright(&["engine", "--listen", "127.0.0.1:0"]);
        let line = program.line().await;
        let url = line.strip_prefix("engine ready at ").unwrap().to_owned();
        (program, url)
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id().expect("the program has ended")
    }

    /// The next line of its output.
    pub(crate) async fn line(&mut self) -> String {
        match within(self.lines.next_line()).await.unwrap() {
            Some(line) => line,
            None => panic!("the program has ended: {}", self.errors().await),
        }
    }

    async fn errors(&mut self) -> String {
        let mut text = String::new();
        let stderr = self.child.stderr.as_mut().unwrap();
        stderr.read_to_string(&mut text).await.unwrap();
        text
    }

    /// Kills it.
    pub(crate) async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }

    /// Waits for its end; lines that were already read are not returned again.
    pub(crate) async fn output(mut self) -> Output {
        let mut stdout = String::new();
        while let Some(line) = within(self.lines.next_line()).await.unwrap() {
            stdout.push_str(&line);
            stdout.push('\n');
        }
        let stderr = self.errors().await;
        let status = within(self.child.wait()).await.unwrap();
        Output {
            status,
            stdout,
            stderr,
        }
    }

    /// Like [`output`](Self::output), for a program that must succeed.
    pub(crate) async fn success(self) -> String {
        let output = self.output().await;
        assert!(output.status.success(), "{output:?}");
        output.stdout
    }
}
