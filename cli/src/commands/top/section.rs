use ratatui::Frame;
use ratatui::layout::{Alignment, Constraint, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Text};
use ratatui::widgets::{Cell, Paragraph, Row, Table};

use super::columns::{Column, fitting};
use crate::commands::channels::full;
use crate::engine_client::lists::Entry;

/// One of the lists on the screen.
pub(super) struct Section<'a> {
    pub(super) name: &'static str,
    pub(super) columns: &'static [Column],
    /// `None` if the engine does not list them.
    pub(super) entries: Option<&'a [Entry]>,
    /// Number of all entries, listed or not.
    pub(super) total: u64,
    /// The first displayed entry.
    pub(super) from: usize,
    pub(super) is_selected: bool,
    pub(super) has_colours: bool,
}

/// Number of lines besides the entries: the title and the headings.
const HEAD: u16 = 2;

impl Section<'_> {
    /// The height that it needs for all entries.
    pub(super) fn lines(&self) -> u16 {
        let entries = self.entries.map_or(0, <[Entry]>::len);
        u16::try_from(entries)
            .unwrap_or(u16::MAX)
            .saturating_add(HEAD)
    }

    pub(super) fn draw(&self, frame: &mut Frame<'_>, area: Rect) {
        let Some(entries) = self.entries else {
            let text = format!("{}: this engine does not list them", self.name);
            frame.render_widget(Paragraph::new(text), area);
            return;
        };
        let [title, list] = area.layout(&ratatui::layout::Layout::vertical([
            Constraint::Length(1),
            Constraint::Min(0),
        ]));
        let room = usize::from(list.height.saturating_sub(1));
        let from = self.from.min(entries.len().saturating_sub(room));
        let shown = entries.len().saturating_sub(from).min(room);
        frame.render_widget(self.title(from, shown), title);

        let columns = fitting(self.columns, list.width);
        let headings = columns
            .iter()
            .map(|column| aligned(column, column.heading.to_owned()));
        let heading = Style::new().add_modifier(Modifier::BOLD);
        let rows = entries.iter().skip(from).take(shown).map(|entry| {
            let cells = columns
                .iter()
                .map(|column| aligned(column, column.cell(entry)));
            Row::new(cells).style(self.style(entry))
        });
        // The remaining width goes to the first column, whose words are the longest.
        let widths = columns.iter().enumerate().map(|(at, column)| match at {
            0 => Constraint::Min(column.width),
            _ => Constraint::Length(column.width),
        });
        let table = Table::new(rows, widths).header(Row::new(headings).style(heading));
        frame.render_widget(table, list);
    }

    fn title(&self, from: usize, shown: usize) -> Line<'static> {
        let mark = if self.is_selected { "> " } else { "  " };
        let total = self.total;
        let text = if shown as u64 == total {
            format!("{mark}{} ({total})", self.name)
        } else {
            let last = from + shown;
            format!(
                "{mark}{} ({}-{last} of {total})",
                self.name,
                last.min(from + 1)
            )
        };
        Line::styled(text, Style::new().add_modifier(Modifier::REVERSED))
    }

    /// Highlights a channel that is nearly full.
    fn style(&self, entry: &Entry) -> Style {
        if self.has_colours && full(entry).is_some_and(|full| full >= 90) {
            Style::new().fg(Color::Yellow)
        } else {
            Style::new()
        }
    }
}

fn aligned(column: &Column, text: String) -> Cell<'static> {
    let alignment = if column.is_number {
        Alignment::Right
    } else {
        Alignment::Left
    };
    Cell::new(Text::from(text).alignment(alignment))
}
