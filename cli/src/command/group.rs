use std::sync::{Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};

/// How long processes may take to end after SIGTERM before they receive SIGKILL.
const GRACE: Duration = Duration::from_secs(2);

/// Polling interval while the processes end.
const INTERVAL: Duration = Duration::from_millis(10);

/// The processes of a command. Dropping it ends them: SIGTERM, and SIGKILL after 2 s.
pub(crate) struct Group(Option<Pid>);

/// Threads that wait for process groups to end, one for each stopped command.
static ENDING: Mutex<Vec<JoinHandle<()>>> = Mutex::new(Vec::new());

impl Group {
    /// A process group, identified by its leader.
    pub(crate) fn of(leader: Option<u32>) -> Self {
        let id = leader.and_then(|id| i32::try_from(id).ok());
        Self(id.and_then(Pid::from_raw))
    }

    /// Asks the processes to end.
    pub(crate) fn terminate(&self) {
        if let Some(group) = self.0 {
            // Without a process, there is nothing to do. A stopped process receives the signal when
            // it continues.
            let _ = kill_process_group(group, Signal::TERM);
            let _ = kill_process_group(group, Signal::CONT);
        }
    }

    /// Kills the processes.
    pub(crate) fn kill(&self) {
        if let Some(group) = self.0 {
            // Without a process, there is nothing to do.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }

    /// Kills the processes that the leader left running.
    pub(crate) fn finish(mut self) {
        if let Some(group) = self.0.take() {
            // Usually no process is left.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let Some(group) = self.0 else { return };
        if kill_process_group(group, Signal::TERM).is_err() {
            return;
        }
        // A stopped process receives the signal when it continues.
        let _ = kill_process_group(group, Signal::CONT);
        let ending = thread::spawn(move || end(group));
        let mut threads = ENDING.lock().unwrap_or_else(PoisonError::into_inner);
        threads.retain(|thread| !thread.is_finished());
        threads.push(ending);
    }
}

fn end(group: Pid) {
    let begin = Instant::now();
    while begin.elapsed() < GRACE {
        if test_kill_process_group(group).is_err() {
            return;
        }
        thread::sleep(INTERVAL);
    }
    let _ = kill_process_group(group, Signal::KILL);
}

/// Waits until all stopped commands have ended, at most 2 s.
pub(crate) fn wait_for_all() {
    let threads = {
        let mut threads = ENDING.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *threads)
    };
    for thread in threads {
        // The threads do not panic, and the program ends in any case.
        let _ = thread.join();
    }
}
