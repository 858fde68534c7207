use std::collections::HashMap;

use tokio::sync::oneshot;
use uuid::Uuid;

use super::super::connection::command::Reply;

/// Calls that were sent and await their answers.
///
/// Callers enforce the deadlines: a caller that stops waiting removes its call. There is therefore
/// at most one entry for each waiting caller.
#[derive(Default)]
pub(in crate::worker) struct Calls(HashMap<Uuid, oneshot::Sender<Reply>>);

impl Calls {
    /// Adds a call that was sent.
    pub(in crate::worker) fn insert(&mut self, id: Uuid, reply: oneshot::Sender<Reply>) {
        self.0.insert(id, reply);
    }

    /// Delivers the answer to a call. Returns whether a caller was waiting.
    pub(in crate::worker) fn answer(&mut self, id: &Uuid, reply: Reply) -> bool {
        match self.0.remove(id) {
            Some(waiting) => waiting.send(reply).is_ok(),
            None => false,
        }
    }

    /// Removes a call whose caller gave up. Returns whether it existed.
    pub(in crate::worker) fn forget(&mut self, id: &Uuid) -> bool {
        self.0.remove(id).is_some()
    }

    /// Fails all calls after the connection was lost.
    pub(in crate::worker) fn lost(&mut self, reason: &str) {
        for (_, waiting) in self.0.drain() {
            // The caller has just given up.
            let _ = waiting.send(Reply::Lost(reason.to_owned()));
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;
    use uuid::Uuid;

    use super::{Calls, Reply};
    use crate::wire::Payload;

    fn answer() -> Reply {
        Reply::Answer(Ok(Payload::null()))
    }

    #[test]
    fn an_answer_reaches_its_caller_once() {
        let mut calls = Calls::default();
        let (one, two) = (Uuid::new_v4(), Uuid::new_v4());
        let (reply, mut waiting) = oneshot::channel();
        calls.insert(one, reply);
        assert!(!calls.answer(&two, answer()));
        assert!(calls.answer(&one, answer()));
        assert!(!calls.answer(&one, answer()));
        assert!(matches!(waiting.try_recv(), Ok(Reply::Answer(Ok(_)))));
    }

    #[test]
    fn a_caller_that_gave_up_leaves_nothing_behind() {
        let mut calls = Calls::default();
        let id = Uuid::new_v4();
        let (reply, waiting) = oneshot::channel();
        calls.insert(id, reply);
        drop(waiting);
        assert!(calls.forget(&id));
        assert!(!calls.answer(&id, answer()));
    }

    #[test]
    fn a_lost_connection_tells_everybody_why() {
        let mut calls = Calls::default();
        let mut callers: Vec<_> = (0..3)
            .map(|_| {
                let (reply, waiting) = oneshot::channel();
                calls.insert(Uuid::new_v4(), reply);
                waiting
            })
            .collect();
        calls.lost("cable cut");
        for waiting in &mut callers {
            assert!(matches!(waiting.try_recv(), Ok(Reply::Lost(why)) if why == "cable cut"));
        }
    }
}
