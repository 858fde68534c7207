//! The columns of each list, the most important first.

use crate::commands::channels::{age, full};
use crate::engine_client::lists::{Entry, Stage};
use crate::terminal::table::sanitized;
use crate::terminal::units;

/// A column: its heading, its width and its content.
pub(super) struct Column {
    pub(super) heading: &'static str,
    pub(super) width: u16,
    pub(super) is_number: bool,
    cell: fn(&Entry) -> String,
}

impl Column {
    const fn text(heading: &'static str, width: u16, cell: fn(&Entry) -> String) -> Self {
        Self {
            heading,
            width,
            is_number: false,
            cell,
        }
    }

    const fn number(heading: &'static str, width: u16, cell: fn(&Entry) -> String) -> Self {
        Self {
            heading,
            width,
            is_number: true,
            cell,
        }
    }

    /// The content of a cell.
    pub(super) fn cell(&self, entry: &Entry) -> String {
        sanitized(&(self.cell)(entry))
    }
}

/// The columns that fit; at least the first.
pub(super) fn fitting(columns: &'static [Column], width: u16) -> &'static [Column] {
    let mut used = 0;
    let fit = columns.iter().take_while(|column| {
        used += column.width + 1;
        used <= width + 1
    });
    &columns[..fit.count().max(1)]
}

pub(super) const CHANNELS: &[Column] = &[
    Column::text("CHANNEL", 8, |channel| {
        channel.text("channel_id").to_owned()
    }),
    Column::number("FULL", 5, |channel| {
        full(channel).map_or("-".to_owned(), |full| format!("{full}%"))
    }),
    Column::number("RATE", 12, |channel| {
        or_dash(channel, "bytes_per_second", units::rate)
    }),
    Column::text("WRITER", 7, |channel| channel.text("writer").to_owned()),
    Column::text("READER", 7, |channel| channel.text("reader").to_owned()),
    Column::number("PASSED", 10, |channel| {
        or_dash(channel, "bytes", units::bytes)
    }),
    Column::number("BUFFERED", 10, |channel| {
        or_dash(channel, "buffered_bytes", units::bytes)
    }),
    Column::number("AGE", 8, |channel| {
        age(channel).map_or("-".to_owned(), units::age)
    }),
];

pub(super) const FUNCTIONS: &[Column] = &[
    Column::text("FUNCTION", 20, |function| {
        function.text("function_id").to_owned()
    }),
    Column::number("CALLS", 6, |function| function.count("calls")),
    Column::text("KIND", 8, |function| {
        Stage::of(function).map_or(String::new(), |stage| stage.kind)
    }),
    Column::text("WORKER", 20, |function| function.worker().to_owned()),
    Column::text("DESCRIPTION", 30, |function| {
        function.text("description").to_owned()
    }),
];

pub(super) const WORKERS: &[Column] = &[
    Column::text("WORKER", 20, |worker| worker.name().to_owned()),
    Column::number("CALLS", 6, |worker| worker.count("calls")),
    Column::number("FUNCTIONS", 9, |worker| worker.count("functions")),
    Column::text("RUNTIME", 8, |worker| worker.text("runtime").to_owned()),
    Column::number("PID", 8, |worker| worker.count("pid")),
    Column::text("DESCRIPTION", 30, |worker| {
        worker.text("description").to_owned()
    }),
];

fn or_dash(entry: &Entry, name: &str, text: fn(u64) -> String) -> String {
    entry.number(name).map_or("-".to_owned(), text)
}

#[cfg(test)]
mod tests {
    use super::{CHANNELS, fitting};

    #[test]
    fn column_is_shown_if_it_fits_with_earlier_ones() {
        assert_eq!(fitting(CHANNELS, 1).len(), 1);
        assert_eq!(fitting(CHANNELS, 13).len(), 1);
        assert_eq!(fitting(CHANNELS, 14).len(), 2);
        assert_eq!(fitting(CHANNELS, 26).len(), 2);
        assert_eq!(fitting(CHANNELS, 27).len(), 3);
        assert_eq!(fitting(CHANNELS, 200).len(), CHANNELS.len());
    }
}
