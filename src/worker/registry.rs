use std::collections::HashMap;
use std::sync::Arc;

use super::handler::Function;
use super::{RegisterError, Rejection};
use crate::wire::Text;

/// The functions of a worker, and what to send about them after a reconnect.
#[derive(Default)]
pub(super) struct Registry {
    functions: HashMap<String, Entry>,
    /// Numbers the entries, so that a replay keeps the order of registration.
    registered: u64,
    /// Set by `close`: nothing can be registered any more.
    closed: bool,
}

struct Entry {
    number: u64,
    /// The registration as it travels.
    frame: Text,
    function: Arc<dyn Function>,
    rejection: Option<Rejection>,
}

impl Registry {
    pub(super) fn insert(
        &mut self,
        function_id: String,
        frame: Text,
        function: Arc<dyn Function>,
    ) -> Result<(), RegisterError> {
        if self.closed {
            return Err(RegisterError::Closed { function_id });
        }
        if self.functions.contains_key(&function_id) {
            return Err(RegisterError::Duplicate { function_id });
        }
        self.registered += 1;
        let entry = Entry {
            number: self.registered,
            frame,
            function,
            rejection: None,
        };
        self.functions.insert(function_id, entry);
        Ok(())
    }

    /// Takes a function out; whether there was one.
    pub(super) fn remove(&mut self, function_id: &str) -> bool {
        self.functions.remove(function_id).is_some()
    }

    pub(super) fn get(&self, function_id: &str) -> Option<Arc<dyn Function>> {
        self.functions
            .get(function_id)
            .map(|entry| Arc::clone(&entry.function))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.functions.is_empty()
    }

    /// Every registration, in order, for a new connection. The engine decides about them anew, so
    /// earlier rejections are forgotten.
    pub(super) fn replay(&mut self) -> Vec<Text> {
        let mut entries: Vec<_> = self.functions.values_mut().collect();
        entries.sort_by_key(|entry| entry.number);
        entries
            .into_iter()
            .map(|entry| {
                entry.rejection = None;
                entry.frame.clone()
            })
            .collect()
    }

    /// The engine gave a function to another worker.
    pub(super) fn reject(&mut self, rejection: Rejection) {
        let function_id = rejection.function_id.as_deref().unwrap_or_default();
        if let Some(entry) = self.functions.get_mut(function_id) {
            entry.rejection = Some(rejection);
        }
    }

    pub(super) fn rejections(&self) -> Vec<Rejection> {
        let mut rejected: Vec<_> = self
            .functions
            .values()
            .filter_map(|entry| Some((entry.number, entry.rejection.clone()?)))
            .collect();
        rejected.sort_by_key(|(number, _)| *number);
        rejected.into_iter().map(|(_, why)| why).collect()
    }

    /// Takes every function out and lets none in any more. Gives the functions too, for them to be
    /// dropped when the table is no longer locked.
    pub(super) fn close(&mut self) -> Vec<(String, Arc<dyn Function>)> {
        self.closed = true;
        let mut functions: Vec<_> = self
            .functions
            .drain()
            .map(|(id, entry)| (id, entry.function))
            .collect();
        functions.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        functions
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::handler::Typed;
    use super::{Registry, Rejection};

    fn insert(registry: &mut Registry, id: &str) -> bool {
        let function = Arc::new(Typed::new(async |(): ()| ()));
        registry.insert(id.to_owned(), id.into(), function).is_ok()
    }

    #[test]
    fn an_id_is_taken_once_and_free_again_after_removal() {
        let mut registry = Registry::default();
        assert!(insert(&mut registry, "a"));
        assert!(!insert(&mut registry, "a"));
        assert!(registry.remove("a"));
        assert!(!registry.remove("a"));
        assert!(insert(&mut registry, "a"));
    }

    #[test]
    fn a_replay_keeps_the_order_of_registration() {
        let mut registry = Registry::default();
        for id in ["c", "a", "b", "d"] {
            assert!(insert(&mut registry, id));
        }
        registry.remove("a");
        assert!(insert(&mut registry, "a"));
        assert_eq!(registry.replay(), ["c", "b", "d", "a"]);
    }

    #[test]
    fn a_rejection_stays_until_the_replay() {
        let mut registry = Registry::default();
        insert(&mut registry, "a");
        let rejection = Rejection {
            code: "FUNCTION_NAMESPACE_CONFLICT".to_owned(),
            namespace: None,
            worker_name: None,
            function_id: Some("a".to_owned()),
            owner_worker_id: None,
        };
        registry.reject(rejection.clone());
        assert_eq!(registry.rejections(), [rejection]);
        registry.replay();
        assert!(registry.rejections().is_empty());
    }

    #[test]
    fn a_closed_registry_is_empty_and_stays_so() {
        let mut registry = Registry::default();
        insert(&mut registry, "b");
        insert(&mut registry, "a");
        let closed: Vec<_> = registry.close().into_iter().map(|(id, _)| id).collect();
        assert_eq!(closed, ["a", "b"]);
        assert!(registry.is_empty());
        assert!(!insert(&mut registry, "c"));
    }
}
