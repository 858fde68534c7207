use std::io::{self, Write};

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::failure::Failure;
use super::table::Table;
use super::tell::tell;

/// How a listing is written.
#[derive(Args)]
pub(super) struct Output {
    /// How the list is written to standard output.
    #[arg(long, value_enum, default_value_t = Form::Text, value_name = "FORM")]
    output: Form,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// Columns, or a block an entry where the terminal is too narrow.
    Text,
    /// One JSON object, with everything that the engine tells.
    Json,
}

impl Output {
    /// Whether JSON is wanted.
    pub(super) fn is_json(&self) -> bool {
        self.output == Form::Json
    }

    /// Writes the list: `json` as it is, or the table; `none` is said where the table is empty.
    pub(super) fn write(
        &self,
        json: &impl Serialize,
        table: &Table,
        none: &str,
    ) -> Result<(), Failure> {
        match self.output {
            Form::Json => print_json(json),
            Form::Text if table.is_empty() => {
                tell(none);
                Ok(())
            }
            Form::Text => Ok(print(&table.to_text(terminal_width()))?),
        }
    }
}

/// Writes a value as JSON that people can read, too.
pub(super) fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    let mut text = serde_json::to_string_pretty(value)?;
    text.push('\n');
    Ok(print(&text)?)
}

/// Writes to standard output; a reader that has gone is an error and no panic.
pub(super) fn print(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// Columns of the terminal that standard output goes to, if it goes to one.
pub(super) fn terminal_width() -> Option<usize> {
    if !io::IsTerminal::is_terminal(&io::stdout()) {
        return None;
    }
    let (columns, _) = crossterm::terminal::size().ok()?;
    Some(usize::from(columns)).filter(|columns| *columns > 0)
}
