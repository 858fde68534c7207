use std::cell::RefCell;
use std::pin::pin;
use std::time::Duration;

use pipewright::{Address, Worker};

use super::worker::Ended;
use super::workers::Workers;
use crate::engine_client::connect::connect;
use crate::engine_client::known_functions::KnownFunctions;
use crate::exit::Exit;
use crate::failure::Failure;

/// Interval of the queries while stages are missing. Engines do not announce registrations.
const INTERVAL: Duration = Duration::from_millis(50);

/// Waits until all stages in `ids` are registered at the engine.
///
/// # Errors
///
/// If a worker ends with a failure first, if no worker is left, or after `limit`.
pub(super) async fn registered(
    address: &Address,
    ids: &[String],
    limit: Duration,
    workers: &mut Workers,
) -> Result<(), Failure> {
    let worker = connect(address.clone()).await?;
    let state = RefCell::new(Missing {
        ids: ids.to_vec(),
        hint: String::new(),
    });
    let mut waiting = pin!(wait(&worker, &state));
    let mut overdue = pin!(tokio::time::sleep(limit));
    let mut last: Option<Ended> = None;
    loop {
        tokio::select! {
            // A worker may register its stages and end immediately.
            biased;
            done = &mut waiting => return done,
            ended = workers.next_ended(), if !workers.is_empty() => {
                last = ended.or(last);
                if let Some(ended) = &last && (!ended.is_success || workers.is_empty()) {
                    return Err(state.borrow().unregistered(ended));
                }
            }
            () = &mut overdue => return Err(state.borrow().overdue(limit)),
        }
    }
}

async fn wait(worker: &Worker, state: &RefCell<Missing>) -> Result<(), Failure> {
    loop {
        let known = KnownFunctions::ask(worker).await?;
        {
            let mut state = state.borrow_mut();
            state.ids.retain(|id| known.lacks(id));
            let Some(first) = state.ids.first() else {
                return Ok(());
            };
            let hint = known.hint(first);
            state.hint = hint;
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

/// The stages that are not registered yet.
struct Missing {
    ids: Vec<String>,
    hint: String,
}

impl Missing {
    fn names(&self) -> String {
        let names = self.ids.iter().map(|id| format!("`{id}`"));
        names.collect::<Vec<_>>().join(", ")
    }

    fn unregistered(&self, ended: &Ended) -> Failure {
        let message = format!("{ended} before {} was registered", self.names());
        Failure::new(Exit::StageFailed, message)
            .hint("see its output above, and run its `command` alone to find the cause")
    }

    fn overdue(&self, limit: Duration) -> Failure {
        let limit = humantime::format_duration(limit);
        let message = format!("no worker has registered {} within {limit}", self.names());
        Failure::new(Exit::StageFailed, message)
            .hint(format!("{}; `--wait` waits longer", self.hint))
    }
}
