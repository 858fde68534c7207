use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use indicatif::MultiProgress;
use tracing_subscriber::fmt::MakeWriter;

use crate::terminal::stdio::Stdio;

/// Whether lines are JSON; set once, before the first line.
static JSON: AtomicBool = AtomicBool::new(false);

/// The current terminal display, if there is one. Locked while a line is written.
static SCREEN: Mutex<Option<MultiProgress>> = Mutex::new(None);

pub(super) fn set_json() {
    JSON.store(true, Relaxed);
}

/// Whether every line on standard error is a JSON object.
pub(crate) fn is_json() -> bool {
    JSON.load(Relaxed)
}

/// Standard error, with lines printed above a display.
pub(crate) struct Lines;

/// A progress display on standard error. Lines are printed above it.
pub(crate) struct Drawn;

impl Drawn {
    pub(crate) fn on(screen: &MultiProgress) -> Self {
        *drawn() = Some(screen.clone());
        Self
    }
}

impl Drop for Drawn {
    fn drop(&mut self) {
        *drawn() = None;
    }
}

fn drawn() -> MutexGuard<'static, Option<MultiProgress>> {
    SCREEN.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Write for Lines {
    /// The log writes complete lines.
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        let write = || (&Stdio::stderr()?).write_all(lines);
        match &*drawn() {
            Some(screen) => screen.suspend(write),
            None => write(),
        }?;
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Lines {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        Self
    }
}
