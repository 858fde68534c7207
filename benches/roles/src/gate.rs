use std::fmt::Display;
use std::io::stdin;
use std::thread;

use anyhow::{Context, Result};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// What a role says to the suite, and hears from it.
pub struct Gate {
    /// Bounded by what the suite says: a word or two.
    heard: UnboundedReceiver<()>,
}

impl Gate {
    /// Listens from now on; when the suite is gone this process ends.
    pub fn open() -> Self {
        let (hear, heard) = unbounded_channel();
        thread::spawn(move || {
            for _ in stdin().lines().map_while(Result::ok) {
                // A role that has heard enough goes on without.
                let _ = hear.send(());
            }
            std::process::exit(0);
        });
        Self { heard }
    }

    /// Says a line.
    #[allow(clippy::unused_self)] // Who has no gate has nobody to say it to.
    pub fn say(&self, line: impl Display) {
        println!("{line}");
    }

    /// Says that this role is connected, and waits for the word to begin.
    pub async fn ready(&mut self) -> Result<()> {
        self.say("");
        self.word().await
    }

    /// Waits for the next word of the suite: to begin, or that everything has arrived.
    pub async fn word(&mut self) -> Result<()> {
        self.heard.recv().await.context("the suite has gone")
    }
}
