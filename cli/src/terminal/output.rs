use std::io::{self, Write};

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::print_error::print_error;
use super::stdio::Stdio;
use super::table::Table;
use crate::failure::Failure;

/// The format of a list.
#[derive(Args)]
pub(crate) struct Output {
    /// Output format.
    #[arg(short, long, value_enum, default_value_t = Form::Text, value_name = "FORM")]
    output: Form,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// Columns, or one block per entry if the terminal is too narrow.
    Text,
    /// One JSON object with all fields that the engine sends.
    Json,
}

impl Output {
    /// Whether JSON was requested.
    pub(crate) fn is_json(&self) -> bool {
        self.output == Form::Json
    }

    /// Writes the list: `json`, or the table. `none` is printed for an empty table.
    pub(crate) fn write(
        &self,
        json: &impl Serialize,
        table: &Table,
        none: &str,
    ) -> Result<(), Failure> {
        match self.output {
            Form::Json => print_json(json),
            Form::Text if table.is_empty() => {
                print_error(none);
                Ok(())
            }
            Form::Text => Ok(print(&table.to_text(terminal_width()))?),
        }
    }
}

/// Prints a value as indented JSON.
pub(crate) fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    let mut text = serde_json::to_string_pretty(value)?;
    text.push('\n');
    Ok(print(&text)?)
}

/// Writes to standard output. If its reader has closed it, this is an error and not a panic.
pub(crate) fn print(text: &str) -> io::Result<()> {
    (&Stdio::stdout()?).write_all(text.as_bytes())
}

/// Width of the terminal, if standard output is one.
pub(crate) fn terminal_width() -> Option<usize> {
    if !io::IsTerminal::is_terminal(&io::stdout()) {
        return None;
    }
    let (columns, _) = crossterm::terminal::size().ok()?;
    Some(usize::from(columns)).filter(|columns| *columns > 0)
}
