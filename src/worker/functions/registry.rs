use std::collections::HashMap;
use std::sync::Arc;

use super::super::{RegisterError, Rejection};
use super::handler::Function;
use crate::wire::Text;

/// The functions of a worker, and what to send about them after a reconnect.
#[derive(Default)]
pub(in crate::worker) struct Registry {
    functions: HashMap<String, Entry>,
    /// Counter for the entries, so that a replay keeps the order of registration.
    registered: u64,
    /// Set by `close`: nothing can be registered any more.
    closed: bool,
}

struct Entry {
    number: u64,
    /// The registration in its wire form.
    frame: Text,
    function: Arc<dyn Function>,
    rejection: Option<Rejection>,
    /// Whether the engine was asked again and has not rejected it again.
    asked_again: bool,
}

impl Registry {
    pub(in crate::worker) fn insert(
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
            asked_again: false,
        };
        self.functions.insert(function_id, entry);
        Ok(())
    }

    /// Replaces the registration of a function. Returns whether it exists.
    pub(in crate::worker) fn replace_frame(&mut self, function_id: &str, frame: Text) -> bool {
        let entry = self.functions.get_mut(function_id);
        entry.map(|entry| entry.frame = frame).is_some()
    }

    /// Removes a function. Returns whether it existed.
    pub(in crate::worker) fn remove(&mut self, function_id: &str) -> bool {
        self.functions.remove(function_id).is_some()
    }

    pub(in crate::worker) fn get(&self, function_id: &str) -> Option<Arc<dyn Function>> {
        self.functions
            .get(function_id)
            .map(|entry| Arc::clone(&entry.function))
    }

    /// The registration of a function in its wire form.
    pub(in crate::worker) fn frame(&self, function_id: &str) -> Option<Text> {
        self.functions
            .get(function_id)
            .map(|entry| entry.frame.clone())
    }

    pub(in crate::worker) fn is_empty(&self) -> bool {
        self.functions.is_empty()
    }

    /// Returns every registration, in order, for a new connection. The engine decides about them
    /// again, so earlier rejections are forgotten. Registrations of more than `limit` bytes count
    /// as rejected, because the engine would close the connection.
    pub(in crate::worker) fn replay(&mut self, limit: usize) -> Vec<Text> {
        let mut entries: Vec<_> = self.functions.iter_mut().collect();
        entries.sort_by_key(|(_, entry)| entry.number);
        entries
            .into_iter()
            .filter_map(|(id, entry)| {
                let fits = entry.frame.len() <= limit;
                entry.rejection = (!fits).then(|| Rejection::too_long(id));
                entry.asked_again = false;
                fits.then(|| entry.frame.clone())
            })
            .collect()
    }

    /// Records that the engine rejected a function. Returns whether that is new.
    pub(in crate::worker) fn reject(&mut self, rejection: Rejection) -> bool {
        let function_id = rejection.function_id.as_deref().unwrap_or_default();
        let Some(entry) = self.functions.get_mut(function_id) else {
            return false;
        };
        entry.asked_again = false;
        entry.rejection.replace(rejection).is_none()
    }

    /// Records that a waiting function is now served. Returns whether it is known.
    pub(in crate::worker) fn activate(&mut self, function_id: &str) -> bool {
        let entry = self.functions.get_mut(function_id);
        entry.map(|entry| entry.rejection = None).is_some()
    }

    /// Whether a function waits for another worker to disconnect.
    pub(in crate::worker) fn is_waiting(&self) -> bool {
        self.functions.values().any(Entry::waits)
    }

    /// The registrations of waiting functions, to be offered again.
    pub(in crate::worker) fn ask_again(&mut self) -> Vec<Text> {
        let waiting = self.functions.values_mut().filter(|entry| entry.waits());
        waiting
            .map(|entry| {
                entry.asked_again = true;
                entry.frame.clone()
            })
            .collect()
    }

    /// Records that the engine has processed the offered functions: those it did not reject are now
    /// served.
    pub(in crate::worker) fn asked(&mut self) -> Vec<String> {
        let mut taken = Vec::new();
        for (function_id, entry) in &mut self.functions {
            if std::mem::take(&mut entry.asked_again) {
                entry.rejection = None;
                taken.push(function_id.clone());
            }
        }
        taken
    }

    pub(in crate::worker) fn rejections(&self) -> Vec<Rejection> {
        let mut rejected: Vec<_> = self
            .functions
            .values()
            .filter_map(|entry| Some((entry.number, entry.rejection.clone()?)))
            .collect();
        rejected.sort_by_key(|(number, _)| *number);
        rejected.into_iter().map(|(_, why)| why).collect()
    }

    /// Accepts no further functions. Returns the ids of the existing ones.
    pub(in crate::worker) fn retire(&mut self) -> Vec<String> {
        self.closed = true;
        let mut ids: Vec<_> = self.functions.keys().cloned().collect();
        ids.sort_unstable();
        ids
    }

    /// Removes every function and accepts no more. Returns the functions, to be dropped after the
    /// table is unlocked.
    pub(in crate::worker) fn close(&mut self) -> Vec<Arc<dyn Function>> {
        self.closed = true;
        let functions = self.functions.drain();
        functions.map(|(_, entry)| entry.function).collect()
    }
}

impl Entry {
    fn waits(&self) -> bool {
        self.rejection.as_ref().is_some_and(Rejection::is_waiting)
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
        assert_eq!(registry.replay(10), ["c", "b", "d", "a"]);
    }

    #[test]
    fn registration_over_the_limit_is_rejected_and_not_replayed() {
        let mut registry = Registry::default();
        insert(&mut registry, "short");
        insert(&mut registry, "longer");
        assert_eq!(registry.replay(5), ["short"]);
        let rejections = registry.rejections();
        assert_eq!(rejections.len(), 1);
        assert_eq!(rejections[0].function_id.as_deref(), Some("longer"));
        assert_eq!(registry.replay(6), ["short", "longer"]);
        assert!(registry.rejections().is_empty());
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
            owner_worker_name: None,
            message: None,
        };
        assert!(registry.reject(rejection.clone()));
        assert_eq!(registry.rejections(), std::slice::from_ref(&rejection));
        registry.replay(10);
        assert!(registry.rejections().is_empty());
        registry.reject(rejection.clone());
        assert_eq!(registry.ask_again(), ["a"]);
        assert!(!registry.reject(rejection));
        assert!(registry.asked().is_empty() && registry.is_waiting());
        registry.ask_again();
        assert_eq!(registry.asked(), ["a"]);
        assert!(!registry.is_waiting());
    }

    #[test]
    fn a_closed_registry_is_empty_and_stays_so() {
        let mut registry = Registry::default();
        insert(&mut registry, "b");
        insert(&mut registry, "a");
        assert_eq!(registry.retire(), ["a", "b"]);
        assert!(registry.get("a").is_some() && !insert(&mut registry, "c"));
        assert_eq!(registry.close().len(), 2);
        assert!(registry.is_empty());
        assert!(!insert(&mut registry, "c"));
    }
}
