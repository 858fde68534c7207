use std::fmt;
use std::io::IsTerminal;
use std::time::Duration;

use super::bars::{Bars, REDRAW};
use super::plain::Plain;
use crate::commands::run::run_progress::RunProgress;
use crate::log::is_json;
use crate::terminal::print_error::print_error;

/// The progress display that suits standard error.
pub(in crate::commands::run) enum Display {
    /// Nothing is printed.
    Quiet,
    /// No progress is shown, because the data is on the terminal.
    Hidden,
    /// Nothing has been drawn yet.
    Soon,
    Bars(Bars),
    Plain(Plain),
}

/// Shorter runs show no progress.
const FIRST: Duration = Duration::from_secs(1);

impl Display {
    /// Uses redrawn lines only if they cannot mix with the data.
    pub(in crate::commands::run) fn new(quiet: bool, data_on_terminal: bool) -> Self {
        let dumb = std::env::var("TERM").is_ok_and(|term| term == "dumb");
        if quiet {
            Self::Quiet
        } else if data_on_terminal {
            Self::Hidden
        } else if std::io::stderr().is_terminal() && !dumb && !is_json() {
            Self::Soon
        } else {
            Self::Plain(Plain::new(FIRST))
        }
    }

    /// Waits until the next update is due.
    pub(in crate::commands::run) async fn tick(&self) {
        let wait = match self {
            Self::Quiet | Self::Hidden => return std::future::pending().await,
            Self::Soon => FIRST,
            Self::Bars(_) => REDRAW,
            Self::Plain(plain) => plain.wait(),
        };
        tokio::time::sleep(wait).await;
    }

    pub(in crate::commands::run) fn show(&mut self, run_progress: &mut RunProgress) {
        run_progress.sample();
        match self {
            Self::Quiet | Self::Hidden => {}
            Self::Soon => {
                let bars = Bars::new(run_progress);
                bars.show(run_progress);
                *self = Self::Bars(bars);
            }
            Self::Bars(bars) => bars.show(run_progress),
            Self::Plain(plain) => plain.show(run_progress),
        }
    }

    /// Whether the run took long enough to show progress.
    pub(in crate::commands::run) fn has_shown(&self) -> bool {
        match self {
            Self::Quiet | Self::Hidden | Self::Soon => false,
            Self::Bars(_) => true,
            Self::Plain(plain) => plain.wait() > FIRST,
        }
    }

    /// Prints a message after the display has ended.
    pub(in crate::commands::run) fn say(&self, words: impl fmt::Display) {
        if !matches!(self, Self::Quiet) {
            print_error(words);
        }
    }

    /// Keeps the display when the run is aborted.
    pub(in crate::commands::run) fn cut(&mut self) {
        if let Self::Bars(bars) = self {
            bars.leave();
        }
    }

    /// Removes the display.
    pub(in crate::commands::run) fn end(&mut self) {
        if let Self::Bars(bars) = self {
            bars.clear();
        }
    }
}
