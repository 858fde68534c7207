use crossterm::event::KeyCode;
use pipewright::ConnectionState;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::Line;

use super::columns::{CHANNELS, FUNCTIONS, WORKERS};
use super::section::Section;
use super::snapshot::Snapshot;
use crate::engine_client::lists::Entry;
use crate::failure::Failure;
use crate::terminal::units;

/// Minimum height for all three lists.
const ROOM_FOR_ALL: u16 = 16;

/// The content of the screen.
pub(super) struct View {
    engine: String,
    has_colours: bool,
    is_connected: bool,
    snapshot: Option<Snapshot>,
    /// Why the last query failed, if it did. The previous state stays on the screen.
    error: Option<String>,
    /// The list in which keys move: channels, functions, workers.
    selected: usize,
    /// The first displayed entry of each list.
    from: [usize; 3],
}

impl View {
    pub(super) fn new(engine: String, has_colours: bool) -> Self {
        Self {
            engine,
            has_colours,
            is_connected: true,
            snapshot: None,
            error: None,
            selected: 0,
            from: [0; 3],
        }
    }

    pub(super) fn set_state(&mut self, state: ConnectionState) {
        self.is_connected = state == ConnectionState::Connected;
    }

    pub(super) fn set_snapshot(&mut self, seen: Result<Snapshot, Failure>) {
        match seen {
            Ok(snapshot) => {
                self.snapshot = Some(snapshot);
                self.error = None;
            }
            Err(failure) => self.error = Some(failure.to_string()),
        }
    }

    /// Handles a key.
    pub(super) fn key(&mut self, key: KeyCode) {
        const PAGE: usize = 10;
        let last = self.sections()[self.selected]
            .entries
            .map_or(0, |entries| entries.len().saturating_sub(1));
        let from = &mut self.from[self.selected];
        match key {
            KeyCode::Tab => self.selected = (self.selected + 1) % 3,
            KeyCode::BackTab => self.selected = (self.selected + 2) % 3,
            KeyCode::Up => *from = from.saturating_sub(1),
            KeyCode::Down => *from = (*from + 1).min(last),
            KeyCode::PageUp => *from = from.saturating_sub(PAGE),
            KeyCode::PageDown => *from = (*from + PAGE).min(last),
            KeyCode::Home => *from = 0,
            _ => {}
        }
    }

    pub(super) fn draw(&self, frame: &mut Frame<'_>) {
        let layout = Layout::vertical([
            Constraint::Length(1),
            Constraint::Min(0),
            Constraint::Length(1),
        ]);
        let [head, body, foot] = frame.area().layout(&layout);
        frame.render_widget(self.head(), head);
        frame.render_widget(self.foot(), foot);
        if self.snapshot.is_none() {
            return;
        }
        let sections = self.sections();
        if body.height < ROOM_FOR_ALL {
            sections[self.selected].draw(frame, body);
            return;
        }
        for (section, area) in sections.iter().zip(areas(&sections, body)) {
            section.draw(frame, area);
        }
    }

    fn sections(&self) -> [Section<'_>; 3] {
        let snapshot = self.snapshot.as_ref();
        let channels = snapshot.and_then(|snapshot| snapshot.channels.as_deref());
        let functions = snapshot.map(|snapshot| snapshot.functions.as_slice());
        let workers = snapshot.map(|snapshot| snapshot.workers.as_slice());
        let total = |entries: Option<&[Entry]>| entries.map_or(0, |entries| entries.len() as u64);
        let channels_total = snapshot.map_or(0, |snapshot| snapshot.total_channels);
        [
            self.section(0, channels, channels_total),
            self.section(1, functions, total(functions)),
            self.section(2, workers, total(workers)),
        ]
    }

    fn section<'a>(&self, at: usize, entries: Option<&'a [Entry]>, total: u64) -> Section<'a> {
        let (name, columns) = [
            ("Channels", CHANNELS),
            ("Functions", FUNCTIONS),
            ("Workers", WORKERS),
        ][at];
        Section {
            name,
            columns,
            entries,
            total,
            from: self.from[at],
            is_selected: self.selected == at,
            has_colours: self.has_colours,
        }
    }

    fn head(&self) -> Line<'static> {
        let rate = self.snapshot.as_ref().map_or(0, Snapshot::rate);
        let text = if self.is_connected {
            format!("{}  {}", units::rate(rate), self.engine)
        } else {
            format!("connection lost, connecting again  {}", self.engine)
        };
        Line::styled(text, Style::new().add_modifier(Modifier::BOLD))
    }

    fn foot(&self) -> Line<'static> {
        match &self.error {
            Some(error) => Line::from(error.clone()),
            None if self.snapshot.is_none() => Line::from("looking..."),
            None => Line::from("q quit  Tab next list  Up/Down move"),
        }
    }
}

/// Functions and workers get the lines they need, at most a third each; channels get the rest.
fn areas(sections: &[Section<'_>; 3], body: Rect) -> [Rect; 3] {
    let third = body.height / 3;
    let [_, functions, workers] = sections;
    body.layout(&Layout::vertical([
        Constraint::Min(third),
        Constraint::Length(functions.lines().min(third)),
        Constraint::Length(workers.lines().min(third)),
    ]))
}
