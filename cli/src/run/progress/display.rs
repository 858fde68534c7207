use std::fmt;
use std::io::IsTerminal;
use std::time::Duration;

use super::bars::{Bars, REDRAW};
use super::plain::Plain;
use crate::log::is_json;
use crate::run::figures::Figures;
use crate::tell::tell;

/// Shows how far a run has come, in the way that suits standard error.
pub(in crate::run) enum Display {
    /// Nothing is ever said.
    Quiet,
    /// Nothing is shown, because the data is.
    Hidden,
    /// Nothing was drawn yet.
    Soon,
    Bars(Bars),
    Plain(Plain),
}

/// Runs that take less show nothing.
const FIRST: Duration = Duration::from_secs(1);

impl Display {
    /// Lines are drawn again and again only where they are not mixed with the data.
    pub(in crate::run) fn new(quiet: bool, data_on_terminal: bool) -> Self {
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

    /// Waits until it is time to show something.
    pub(in crate::run) async fn tick(&self) {
        let wait = match self {
            Self::Quiet | Self::Hidden => return std::future::pending().await,
            Self::Soon => FIRST,
            Self::Bars(_) => REDRAW,
            Self::Plain(plain) => plain.wait(),
        };
        tokio::time::sleep(wait).await;
    }

    pub(in crate::run) fn show(&mut self, figures: &mut Figures) {
        figures.sample();
        match self {
            Self::Quiet | Self::Hidden => {}
            Self::Soon => {
                let bars = Bars::new(figures);
                bars.show(figures);
                *self = Self::Bars(bars);
            }
            Self::Bars(bars) => bars.show(figures),
            Self::Plain(plain) => plain.show(figures),
        }
    }

    /// Whether the run took so long that something was shown.
    pub(in crate::run) fn has_shown(&self) -> bool {
        match self {
            Self::Quiet | Self::Hidden | Self::Soon => false,
            Self::Bars(_) => true,
            Self::Plain(plain) => plain.wait() > FIRST,
        }
    }

    /// Says something, when nothing is drawn any more.
    pub(in crate::run) fn say(&self, words: impl fmt::Display) {
        if !matches!(self, Self::Quiet) {
            tell(words);
        }
    }

    /// Leaves what is shown, when the run is cut off.
    pub(in crate::run) fn cut(&mut self) {
        if let Self::Bars(bars) = self {
            bars.leave();
        }
    }

    /// Leaves the terminal to others.
    pub(in crate::run) fn end(&mut self) {
        if let Self::Bars(bars) = self {
            bars.clear();
        }
    }
}
