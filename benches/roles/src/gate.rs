use std::fmt::Display;
use std::io::stdin;
use std::thread;

use anyhow::{Context, Result};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// The connection of a role to the suite.
pub struct Gate {
    /// Bounded by the few commands of the suite.
    heard: UnboundedReceiver<()>,
}

impl Gate {
    /// Starts to listen. If the suite ends, this process ends, too.
    pub fn open() -> Self {
        let (hear, heard) = unbounded_channel();
        thread::spawn(move || {
            for _ in stdin().lines().map_while(Result::ok) {
                // A role that needs no more commands continues without.
                let _ = hear.send(());
            }
            std::process::exit(0);
        });
        Self { heard }
    }

    /// Prints a line.
    #[allow(clippy::unused_self)] // Without a gate, there is no one to notify.
    pub fn say(&self, line: impl Display) {
        println!("{line}");
    }

    /// Reports that this role is connected, and waits for the command to begin.
    pub async fn ready(&mut self) -> Result<()> {
        self.say("");
        self.word().await
    }

    /// Waits for the next command of the suite: to begin, or that everything has arrived.
    pub async fn word(&mut self) -> Result<()> {
        self.heard.recv().await.context("the suite has gone")
    }
}
