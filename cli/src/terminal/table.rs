use std::fmt::Write;

use unicode_width::UnicodeWidthStr;

/// Spaces between columns.
const GAP: usize = 2;

/// A list as text: aligned columns, or one block of lines per entry if they do not fit.
///
/// Cells may contain any text; control characters are removed.
pub(crate) struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
}

/// A column with its heading.
pub(crate) struct Column {
    heading: &'static str,
    align: Align,
    /// Omitted if it is empty.
    is_optional: bool,
}

#[derive(Clone, Copy)]
enum Align {
    Left,
    Right,
}

impl Column {
    /// A text column.
    pub(crate) fn text(heading: &'static str) -> Self {
        Self {
            heading,
            align: Align::Left,
            is_optional: false,
        }
    }

    /// A numeric column, right-aligned.
    pub(crate) fn number(heading: &'static str) -> Self {
        Self {
            heading,
            align: Align::Right,
            is_optional: false,
        }
    }

    /// A text column that is omitted if it is empty.
    pub(crate) fn optional(heading: &'static str) -> Self {
        Self {
            heading,
            align: Align::Left,
            is_optional: true,
        }
    }
}

impl Table {
    pub(crate) fn new(columns: impl Into<Vec<Column>>) -> Self {
        Self {
            columns: columns.into(),
            rows: Vec::new(),
        }
    }

    /// Adds an entry, with a cell for each column.
    pub(crate) fn push(&mut self, cells: impl IntoIterator<Item = String>) {
        let cells = cells.into_iter().map(|cell| sanitized(&cell));
        self.rows.push(cells.collect());
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Renders the table for a terminal of this width; `None` allows lines of any length.
    pub(crate) fn to_text(&self, width: Option<usize>) -> String {
        let widths = self.widths();
        let shown = widths.iter().filter(|width| **width > 0).count();
        let needed = widths.iter().sum::<usize>() + GAP * shown.saturating_sub(1);
        if width.is_some_and(|width| needed > width) {
            self.blocks()
        } else {
            self.lines(&widths)
        }
    }

    /// The width of each column; 0 if it is omitted.
    fn widths(&self) -> Vec<usize> {
        let columns = self.columns.iter().enumerate();
        columns
            .map(|(at, column)| {
                let cells = self.rows.iter().map(|row| row[at].width());
                match cells.max().unwrap_or(0) {
                    0 if column.is_optional => 0,
                    widest => widest.max(column.heading.width()),
                }
            })
            .collect()
    }

    fn lines(&self, widths: &[usize]) -> String {
        let mut text = String::new();
        let headings = self.columns.iter().map(|column| column.heading);
        self.line(headings, widths, &mut text);
        for row in &self.rows {
            self.line(row.iter().map(String::as_str), widths, &mut text);
        }
        text
    }

    fn line<'a>(&self, cells: impl Iterator<Item = &'a str>, widths: &[usize], text: &mut String) {
        let start = text.len();
        for ((cell, &width), column) in cells.zip(widths).zip(&self.columns) {
            if width == 0 {
                continue;
            }
            let padding = " ".repeat(width.saturating_sub(cell.width()));
            match column.align {
                Align::Left => text.extend([cell, &padding]),
                Align::Right => text.extend([padding.as_str(), cell]),
            }
            text.push_str("  ");
        }
        let end = start + text[start..].trim_end().len();
        text.truncate(end);
        text.push('\n');
    }

    /// Renders the first cell as a heading, and the others below it with their names.
    fn blocks(&self) -> String {
        let mut text = String::new();
        let names = self.columns.iter().skip(1);
        let width = names
            .map(|column| column.heading.width())
            .max()
            .unwrap_or(0);
        for row in &self.rows {
            for (at, (cell, column)) in row.iter().zip(&self.columns).enumerate() {
                // Writing into a string does not fail.
                let _ = match at {
                    0 => writeln!(text, "{cell}"),
                    _ if cell.is_empty() => Ok(()),
                    _ => writeln!(text, "  {:width$}  {cell}", column.heading.to_lowercase()),
                };
            }
        }
        text
    }
}

/// Replaces line ends, other control characters, and characters that change the direction of text.
pub(crate) fn sanitized(text: &str) -> String {
    text.chars().map(harmless).collect()
}

/// Like [`sanitized`], but keeps line ends. Each further line is marked, so that it cannot be
/// mistaken for a message of the program.
pub(crate) fn sanitized_lines(text: &str) -> String {
    let lines: Vec<_> = text.trim_end().lines().map(sanitized).collect();
    lines.join("\n  | ")
}

fn harmless(char: char) -> char {
    match char {
        '\t' => ' ',
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}' => '\u{fffd}',
        char if char.is_control() => '\u{fffd}',
        char => char,
    }
}

#[cfg(test)]
mod tests {
    use super::{Column, Table};

    fn table() -> Table {
        let columns = [
            Column::text("NAME"),
            Column::number("N"),
            Column::optional("NONE"),
            Column::text("ABOUT"),
        ];
        let mut table = Table::new(columns);
        table.push(["a".into(), "1".into(), String::new(), String::new()]);
        table.push([
            "\u{7406}\u{89e3}bc".into(),
            "234".into(),
            String::new(),
            "x\x1b[2J".into(),
        ]);
        table
    }

    #[test]
    fn columns_are_as_wide_as_what_is_in_them() {
        let expected = "\
NAME      N  ABOUT
a         1
\u{7406}\u{89e3}bc  234  x\u{fffd}[2J
";
        assert_eq!(table().to_text(None), expected);
        assert_eq!(table().to_text(Some(18)), expected);
    }

    #[test]
    fn an_optional_column_is_there_if_anything_is_in_it() {
        let mut table = Table::new([Column::text("A"), Column::optional("B")]);
        table.push(["1".into(), String::new()]);
        assert_eq!(table.to_text(None), "A\n1\n");
        table.push(["2".into(), "b".into()]);
        assert_eq!(table.to_text(None), "A  B\n1\n2  b\n");
    }

    #[test]
    fn what_does_not_fit_is_written_in_blocks() {
        let expected = "\
a
  n      1
\u{7406}\u{89e3}bc
  n      234
  about  x\u{fffd}[2J
";
        assert_eq!(table().to_text(Some(17)), expected);
    }
}
