use std::collections::HashMap;

use tokio::sync::oneshot;
use uuid::Uuid;

use super::command::Reply;

/// Calls that were sent and wait for their answer.
///
/// Deadlines are the callers' own: one that no longer waits takes its call out. So there is one
/// entry a caller that waits, at the most.
#[derive(Default)]
pub(super) struct Calls(HashMap<Uuid, oneshot::Sender<Reply>>);

impl Calls {
    /// A call was sent.
    pub(super) fn insert(&mut self, id: Uuid, reply: oneshot::Sender<Reply>) {
        self.0.insert(id, reply);
    }

    /// The answer to a call came; whether anybody waited for it.
    pub(super) fn answer(&mut self, id: &Uuid, reply: Reply) -> bool {
        match self.0.remove(id) {
            Some(waiting) => waiting.send(reply).is_ok(),
            None => false,
        }
    }

    /// The caller gave up; whether its call was here.
    pub(super) fn forget(&mut self, id: &Uuid) -> bool {
        self.0.remove(id).is_some()
    }

    /// The connection is gone, and with it every answer.
    pub(super) fn lost(&mut self, reason: &str) {
        for (_, waiting) in self.0.drain() {
            // A caller that has just given up does not want to know.
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
