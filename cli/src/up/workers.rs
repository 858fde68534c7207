use std::collections::BTreeMap;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::worker::{Ended, Stop, supervise};
use crate::pipeline_file::WorkerSpec;
use crate::terminal::print_error::print_error;
use crate::terminal::signals::Signals;

/// The worker processes. Dropping it ends them.
pub(super) struct Workers {
    /// One task for each worker, until it has ended and is not started again.
    tasks: JoinSet<Ended>,
    stop: Stop,
}

/// How long to wait silently for the workers to end.
const SILENT: Duration = Duration::from_millis(500);

impl Workers {
    /// Starts the workers with these environment variables; those of a worker take precedence.
    pub(super) fn start(specs: Vec<WorkerSpec>, environment: &BTreeMap<String, String>) -> Self {
        let stop = Stop {
            terminate: CancellationToken::new(),
            kill: CancellationToken::new(),
        };
        let mut tasks = JoinSet::new();
        for mut spec in specs {
            let mut env = environment.clone();
            env.insert("III_WORKER_NAME".to_owned(), spec.name.clone());
            env.append(&mut spec.command.env);
            spec.command.env = env;
            tasks.spawn(supervise(spec, stop.clone()));
        }
        Self { tasks, stop }
    }

    /// Whether no worker is left.
    pub(super) fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// Waits until a worker has ended and is not started again; `None` if none is left.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: no end is lost.
    pub(super) async fn next_ended(&mut self) -> Option<Ended> {
        match self.tasks.join_next().await? {
            Ok(ended) => Some(ended),
            Err(panic) => Some(Ended::panicked(&panic)),
        }
    }

    /// Asks the workers to end, and kills them after `grace` or at a signal.
    pub(super) async fn stop(mut self, grace: Duration, signals: &mut Signals) {
        self.stop.terminate.cancel();
        let kill = self.stop.kill.clone();
        let overdue = async {
            tokio::time::sleep(SILENT.min(grace)).await;
            if grace > SILENT {
                print_error("ending the workers; once more to kill them");
                tokio::time::sleep(grace.saturating_sub(SILENT)).await;
            }
        };
        let ended = async { while self.next_ended().await.is_some() {} };
        let mut ended = std::pin::pin!(ended);
        tokio::select! {
            () = &mut ended => return,
            () = overdue => {}
            _ = signals.next() => {}
        }
        kill.cancel();
        ended.await;
    }
}
