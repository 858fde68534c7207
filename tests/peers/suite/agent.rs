//! A peer as a process.

use std::fs::File;
use std::path::Path;
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use pipewright::Worker;
use tokio::process::{Child, Command};
use tokio::sync::oneshot;

use crate::peer::Peer;
use crate::scene::within_a_minute;

pub(crate) struct Agent {
    child: Child,
    name: String,
}

impl Agent {
    /// Starts the program and waits until its functions can be called.
    ///
    /// It announces itself by a call after its registrations, so no polling is needed. It ends when
    /// our end of its standard input closes, even if the suite is killed.
    pub(crate) async fn start(worker: &Worker, url: &str, peer: Peer) -> Self {
        Self::start_as(worker, url, peer, unique(peer)).await
    }

    pub(crate) async fn start_as(worker: &Worker, url: &str, peer: Peer, name: String) -> Self {
        let ready = format!("suite::ready::{name}");
        let mut program = peer.program();
        program.args([&name, &ready]);
        Self::launch(worker, url, program, name, ready).await
    }

    /// Starts a program that calls `ready` when its functions are registered.
    pub(crate) async fn launch(
        worker: &Worker,
        url: &str,
        mut program: Command,
        name: String,
        ready: String,
    ) -> Self {
        let (tell, told) = oneshot::channel();
        let tell = Mutex::new(Some(tell));
        let registered = worker.register_function(ready.clone(), move |_: String| {
            let tell = tell.lock().expect("no panic holds it").take();
            async move { tell.is_some_and(|tell| tell.send(()).is_ok()) }
        });
        registered.expect("a name of its own");
        // The process may be ready before the engine has the function.
        let known = worker.registered().await.expect("the engine answers");
        assert!(known.is_complete(), "{known:?}");
        let log = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.log"));
        let log = File::create(log).expect("a log file");
        let child = program
            .env("III_URL", url)
            .stdin(Stdio::piped())
            .stdout(log.try_clone().expect("a second handle"))
            .stderr(log)
            .kill_on_drop(true)
            .spawn();
        let child = child.unwrap_or_else(|error| panic!("{name} does not start: {error}"));
        let started = within_a_minute(told).await;
        started.unwrap_or_else(|_| panic!("{name} did not announce itself"));
        worker.unregister_function(&ready);
        Self { child, name }
    }

    /// The name in the ids of its functions.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Kills the process, as a crash would, and waits for its end.
    pub(crate) async fn kill(mut self) -> String {
        self.child.kill().await.expect("it runs");
        self.name
    }
}

/// A name that no other suite at the same engine has.
pub(crate) fn unique(peer: Peer) -> String {
    static STARTED: AtomicUsize = AtomicUsize::new(0);
    let number = STARTED.fetch_add(1, Ordering::Relaxed);
    format!("{}-{}-{number}", peer.name(), std::process::id())
}
