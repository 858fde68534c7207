use std::time::Duration;

use console::Term;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::words;
use crate::log::Drawn;
use crate::run::figures::Figures;
use crate::tell::tell;

/// Progress lines that are redrawn on a terminal.
pub(in crate::run) struct Bars {
    terminal: Term,
    screen: MultiProgress,
    whole: ProgressBar,
    stages: Vec<ProgressBar>,
    /// `None` after the display has ended.
    drawn: Option<Drawn>,
}

/// Redraw interval.
pub(super) const REDRAW: Duration = Duration::from_millis(250);

impl Bars {
    pub(super) fn new(figures: &Figures) -> Self {
        let screen = MultiProgress::new();
        // Text wider than the terminal is cut off.
        let line = ProgressStyle::with_template("{wide_msg}");
        let line = line.unwrap_or_else(|_| ProgressStyle::default_spinner());
        let add = || screen.add(ProgressBar::new_spinner().with_style(line.clone()));
        Self {
            whole: add(),
            stages: figures.stages.iter().map(|_| add()).collect(),
            drawn: Some(Drawn::on(&screen)),
            screen,
            terminal: Term::stderr(),
        }
    }

    pub(super) fn show(&self, figures: &Figures) {
        let width = self.terminal.size().1.into();
        let ids = figures.stages.iter().map(|(id, _)| id.chars().count());
        let ids = ids.max().unwrap_or(0);
        self.whole.set_message(words::whole(figures, width));
        self.whole.tick();
        for (bar, (id, report)) in self.stages.iter().zip(&figures.stages) {
            bar.set_message(words::stage(id, report.as_ref(), ids, width));
            bar.tick();
        }
    }

    /// Keeps the lines and continues below them.
    pub(super) fn leave(&mut self) {
        self.drawn = None;
        self.screen.set_draw_target(ProgressDrawTarget::hidden());
        // The cursor is at the end of the last line, or behind the `^C` that a terminal shows.
        tell("");
    }

    /// Removes the lines.
    pub(super) fn clear(&mut self) {
        for bar in std::iter::once(&self.whole).chain(&self.stages) {
            bar.finish_and_clear();
        }
        // A closed terminal needs no clearing.
        let _ = self.screen.clear();
        self.drawn = None;
    }
}
