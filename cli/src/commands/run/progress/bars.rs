use std::time::Duration;

use console::Term;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::text;
use crate::commands::run::run_progress::RunProgress;
use crate::log::Drawn;
use crate::terminal::print_error::print_error;

/// Progress lines that are redrawn on a terminal.
pub(in crate::commands::run) struct Bars {
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
    pub(super) fn new(run_progress: &RunProgress) -> Self {
        let screen = MultiProgress::new();
        // Text wider than the terminal is cut off.
        let line = ProgressStyle::with_template("{wide_msg}");
        let line = line.unwrap_or_else(|_| ProgressStyle::default_spinner());
        let add = || screen.add(ProgressBar::new_spinner().with_style(line.clone()));
        Self {
            whole: add(),
            stages: run_progress.stages.iter().map(|_| add()).collect(),
            drawn: Some(Drawn::on(&screen)),
            screen,
            terminal: Term::stderr(),
        }
    }

    pub(super) fn show(&self, run_progress: &RunProgress) {
        let width = self.terminal.size().1.into();
        let ids = run_progress.stages.iter().map(|(id, _)| id.chars().count());
        let ids = ids.max().unwrap_or(0);
        self.whole.set_message(text::whole(run_progress, width));
        self.whole.tick();
        for (bar, (id, report)) in self.stages.iter().zip(&run_progress.stages) {
            bar.set_message(text::stage(id, report.as_ref(), ids, width));
            bar.tick();
        }
    }

    /// Keeps the lines and continues below them.
    pub(super) fn leave(&mut self) {
        self.drawn = None;
        self.screen.set_draw_target(ProgressDrawTarget::hidden());
        // The cursor is at the end of the last line, or behind the `^C` that a terminal shows.
        print_error("");
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
