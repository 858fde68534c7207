use std::num::NonZeroU16;

use pty_process::{Command, Pty, Size};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Child;
use vt100::{Color, Parser};

use crate::support::within;

/// The program in a pseudo-terminal, which all of its standard streams use unless they are
/// redirected.
pub(crate) struct Screen {
    pub(crate) child: Child,
    pty: Pty,
    parser: Parser,
    /// Everything that was written, including control codes.
    written: Vec<u8>,
}

/// Rows and columns.
pub(crate) type Dimensions = (u16, u16);

impl Screen {
    pub(crate) fn start(
        url: &str,
        arguments: &[&str],
        dimensions: Dimensions,
        variables: &[(&str, &str)],
    ) -> Self {
        let command = Command::new(env!("CARGO_BIN_EXE_pipewright"))
            .args(arguments)
            .env("PIPEWRIGHT_ENGINE_URL", url);
        Self::spawn(command, dimensions, variables)
    }

    /// Starts a command; its streams use the terminal unless they are set.
    pub(crate) fn spawn(
        command: Command,
        (rows, columns): Dimensions,
        variables: &[(&str, &str)],
    ) -> Self {
        let (pty, line) = pty_process::open().unwrap();
        pty.resize(Size::new(rows, columns)).unwrap();
        let command = command
            .env_remove("NO_COLOR")
            .env("TERM", "xterm-256color")
            .envs(variables.iter().copied())
            .kill_on_drop(true);
        let child = command.spawn(line).unwrap();
        let [rows, columns] = [rows, columns].map(|size| NonZeroU16::new(size).unwrap());
        Self {
            child,
            pty,
            parser: Parser::new(rows, columns, 0),
            written: Vec::new(),
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id().unwrap()
    }

    pub(crate) async fn press(&mut self, keys: &str) {
        self.pty.write_all(keys.as_bytes()).await.unwrap();
    }

    pub(crate) fn resize(&mut self, (rows, columns): Dimensions) {
        self.pty.resize(Size::new(rows, columns)).unwrap();
        let [rows, columns] = [rows, columns].map(|size| NonZeroU16::new(size).unwrap());
        self.parser.set_size(rows, columns);
    }

    /// Waits until the screen satisfies the condition.
    pub(crate) async fn until(&mut self, wanted: impl Fn(&str) -> bool) -> String {
        let seen = async {
            loop {
                let text = self.text();
                if wanted(&text) {
                    return text;
                }
                assert!(self.read().await, "the program has ended: {text}");
            }
        };
        let seen = tokio::time::timeout(crate::support::FAILED, seen).await;
        seen.unwrap_or_else(|_| panic!("never shown; this is:\n{}", self.text()))
    }

    /// Waits until a line on the screen starts with this text, ignoring any prefix.
    pub(crate) async fn line(&mut self, begin: &str) -> String {
        let find = |text: &str| {
            let mut lines = text.lines().map(str::trim_start);
            lines
                .find(|line| line.starts_with(begin))
                .map(str::to_owned)
        };
        let text = self.until(|text| find(text).is_some()).await;
        find(&text).unwrap()
    }

    pub(crate) fn text(&self) -> String {
        self.parser.screen().contents()
    }

    /// The non-empty rows of the screen, without trailing blanks.
    pub(crate) fn rows(&self) -> Vec<String> {
        let screen = self.parser.screen();
        let (_, columns) = screen.size();
        let rows = screen.rows(0, columns.get());
        let mut rows: Vec<_> = rows.map(|row| row.trim_end().to_owned()).collect();
        while rows.pop_if(|row| row.is_empty()).is_some() {}
        rows
    }

    /// Everything that was written, including control codes.
    pub(crate) fn written(&self) -> &str {
        std::str::from_utf8(&self.written).unwrap()
    }

    /// Whether the program uses the alternate screen.
    pub(crate) fn is_taken(&self) -> bool {
        self.parser.screen().alternate_screen()
    }

    pub(crate) fn hides_cursor(&self) -> bool {
        self.parser.screen().hide_cursor()
    }

    /// Whether any cell has a colour.
    pub(crate) fn has_colours(&self) -> bool {
        let screen = self.parser.screen();
        let (rows, columns) = screen.size();
        let cells = (0..rows.get()).flat_map(|row| (0..columns.get()).map(move |at| (row, at)));
        cells
            .filter_map(|(row, at)| screen.cell(row, at))
            .any(|cell| cell.fgcolor() != Color::Default || cell.bgcolor() != Color::Default)
    }

    /// Waits for the end. Returns the status.
    pub(crate) async fn ended(&mut self) -> Option<i32> {
        while self.read().await {}
        within(self.child.wait()).await.unwrap().code()
    }

    async fn read(&mut self) -> bool {
        let mut bytes = vec![0; 4096];
        // On Linux, reading fails after the last process has closed the terminal.
        let read = within(self.pty.read(&mut bytes)).await.unwrap_or(0);
        self.parser.process(&bytes[..read]);
        self.written.extend_from_slice(&bytes[..read]);
        read > 0
    }
}
