use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::SystemTime;

use serde_json::{Map, Value};

use super::{FunctionRefused, Outbox};
use crate::wire::{AccessKey, RegisterFunction};

/// The namespace of whoever names none (`protocol.md` 2.2).
pub(super) const DEFAULT_NAMESPACE: &str = "default";

/// Names one control connection.
pub(in crate::engine) type WorkerId = Arc<str>;

/// Who is connected and who has which function. Plain and synchronous.
pub(super) struct Registry {
    /// Functions that one worker may have.
    max_functions: usize,
    /// Bounded by the connections.
    workers: HashMap<WorkerId, Worker>,
    /// By namespace and id. Bounded by `max_functions` a worker.
    functions: HashMap<String, HashMap<String, Function>>,
}

/// A control connection.
pub(super) struct Worker {
    pub(super) outbox: Arc<Outbox>,
    /// Proves that a newer connection is the same worker.
    pub(super) reattach_token: AccessKey,
    pub(super) namespace: String,
    /// What the worker said of itself; empty until it announces itself.
    pub(super) about: Map<String, Value>,
    /// Ids of its functions, all in its namespace.
    pub(super) functions: HashSet<String>,
    /// When it connected.
    pub(super) since: SystemTime,
    /// The address that it connected from, if by a socket.
    pub(super) peer: Option<IpAddr>,
}

/// What is known of a worker that connects.
pub(super) struct Joining {
    pub(super) outbox: Arc<Outbox>,
    pub(super) reattach_token: AccessKey,
    pub(super) peer: Option<IpAddr>,
    pub(super) since: SystemTime,
}

pub(super) struct Function {
    pub(super) owner: WorkerId,
    pub(super) registered: RegisterFunction,
}

impl Worker {
    /// What it calls itself.
    pub(super) fn name(&self) -> Option<&str> {
        self.about.get("name")?.as_str()
    }
}

impl Registry {
    pub(super) fn new(max_functions: usize) -> Self {
        Self {
            max_functions,
            workers: HashMap::new(),
            functions: HashMap::new(),
        }
    }

    pub(super) fn join(&mut self, id: WorkerId, joining: Joining) {
        let Joining {
            outbox,
            reattach_token,
            peer,
            since,
        } = joining;
        let worker = Worker {
            outbox,
            since,
            peer,
            reattach_token,
            namespace: DEFAULT_NAMESPACE.to_owned(),
            about: Map::new(),
            functions: HashSet::new(),
        };
        self.workers.insert(id, worker);
    }

    /// Forgets a worker and its functions.
    pub(super) fn leave(&mut self, id: &WorkerId) -> Option<Worker> {
        let worker = self.workers.remove(id)?;
        for function_id in &worker.functions {
            self.take_function(&worker.namespace, function_id);
        }
        Some(worker)
    }

    /// Gives a newer connection what the old one of the same worker had.
    pub(super) fn take_over(&mut self, id: &WorkerId, old: &WorkerId) -> Option<Worker> {
        let mut left = self.workers.remove(old)?;
        let functions = std::mem::take(&mut left.functions);
        let Some(worker) = self.workers.get_mut(id) else {
            self.workers.insert(old.clone(), left);
            return None;
        };
        worker.namespace.clone_from(&left.namespace);
        worker.about = std::mem::take(&mut left.about);
        if let Some(group) = self.functions.get_mut(&left.namespace) {
            for function_id in &functions {
                if let Some(function) = group.get_mut(function_id) {
                    function.owner = id.clone();
                }
            }
        }
        worker.functions.extend(functions);
        Some(left)
    }

    /// Keeps what a worker says of itself, and moves its functions into the namespace it names;
    /// gives those whose id is taken there.
    pub(super) fn announce(
        &mut self,
        id: &WorkerId,
        about: Map<String, Value>,
    ) -> Vec<FunctionRefused> {
        let Some(worker) = self.workers.get_mut(id) else {
            return Vec::new();
        };
        let namespace = about
            .get("namespace")
            .and_then(Value::as_str)
            .filter(|namespace| !namespace.trim().is_empty())
            .unwrap_or(DEFAULT_NAMESPACE)
            .to_owned();
        worker.about = about;
        if worker.namespace == namespace {
            return Vec::new();
        }
        let old = std::mem::replace(&mut worker.namespace, namespace);
        let functions = std::mem::take(&mut worker.functions);
        functions
            .into_iter()
            .filter_map(|function_id| {
                let function = self.take_function(&old, &function_id)?;
                self.register(id, function.registered).err()
            })
            .collect()
    }

    /// Adds a function or replaces one of the same worker.
    pub(super) fn register(
        &mut self,
        id: &WorkerId,
        function: RegisterFunction,
    ) -> Result<(), FunctionRefused> {
        let Some(worker) = self.workers.get_mut(id) else {
            return Ok(());
        };
        let group = self.functions.entry(worker.namespace.clone()).or_default();
        if let Some(existing) = group.get(&function.id)
            && existing.owner != *id
        {
            return Err(FunctionRefused::Conflict {
                namespace: worker.namespace.clone(),
                owner: existing.owner.clone(),
                function_id: function.id,
            });
        }
        if worker.functions.len() >= self.max_functions && !worker.functions.contains(&function.id)
        {
            return Err(FunctionRefused::TooMany {
                function_id: function.id,
                max: self.max_functions,
            });
        }
        worker.functions.insert(function.id.clone());
        let function_id = function.id.clone();
        let function = Function {
            owner: id.clone(),
            registered: function,
        };
        group.insert(function_id, function);
        Ok(())
    }

    pub(super) fn unregister(&mut self, id: &WorkerId, function_id: &str) {
        if let Some(worker) = self.workers.get_mut(id)
            && worker.functions.remove(function_id)
        {
            let namespace = worker.namespace.clone();
            self.take_function(&namespace, function_id);
        }
    }

    /// The worker that has a function.
    pub(super) fn owner(
        &self,
        namespace: &str,
        function_id: &str,
    ) -> Option<(&WorkerId, &Arc<Outbox>)> {
        let owner = &self.functions.get(namespace)?.get(function_id)?.owner;
        Some((owner, &self.workers.get(owner)?.outbox))
    }

    pub(super) fn worker(&self, id: &str) -> Option<&Worker> {
        self.workers.get(id)
    }

    pub(super) fn workers(&self) -> impl ExactSizeIterator<Item = (&WorkerId, &Worker)> {
        self.workers.iter()
    }

    /// All functions, each with its namespace.
    pub(super) fn functions(&self) -> impl Iterator<Item = (&str, &Function)> {
        self.functions.iter().flat_map(|(namespace, group)| {
            let namespace = namespace.as_str();
            group.values().map(move |function| (namespace, function))
        })
    }

    fn take_function(&mut self, namespace: &str, function_id: &str) -> Option<Function> {
        let group = self.functions.get_mut(namespace)?;
        let function = group.remove(function_id);
        if group.is_empty() {
            self.functions.remove(namespace);
        }
        function
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Map, Value, json};

    use std::time::SystemTime;

    use super::{FunctionRefused, Joining, Registry, WorkerId};
    use crate::wire::{AccessKey, RegisterFunction};

    fn id(id: &str) -> WorkerId {
        WorkerId::from(id)
    }

    fn registry(workers: &[&str]) -> Registry {
        let mut registry = Registry::new(2);
        for worker in workers {
            let joining = Joining {
                outbox: Arc::default(),
                reattach_token: AccessKey::new("t"),
                peer: None,
                since: SystemTime::UNIX_EPOCH,
            };
            registry.join(id(worker), joining);
        }
        registry
    }

    fn function(id: &str) -> RegisterFunction {
        serde_json::from_value(json!({ "id": id })).unwrap()
    }

    fn about(about: &Value) -> Map<String, Value> {
        about.as_object().unwrap().clone()
    }

    fn owner(registry: &Registry, namespace: &str, function_id: &str) -> Option<String> {
        let (owner, _) = registry.owner(namespace, function_id)?;
        Some(owner.to_string())
    }

    #[test]
    fn functions_come_and_go_with_their_worker() {
        let mut registry = registry(&["a", "b"]);
        registry.register(&id("a"), function("f")).unwrap();
        registry.register(&id("a"), function("f")).unwrap();
        registry.register(&id("b"), function("g")).unwrap();
        assert_eq!(owner(&registry, "default", "f").as_deref(), Some("a"));
        registry.unregister(&id("a"), "g");
        assert_eq!(owner(&registry, "default", "g").as_deref(), Some("b"));
        registry.unregister(&id("b"), "g");
        assert_eq!(owner(&registry, "default", "g"), None);
        registry.leave(&id("a"));
        assert_eq!(registry.functions().count(), 0);
        assert_eq!(registry.workers().len(), 1);
    }

    #[test]
    fn an_id_belongs_to_the_first_while_it_lives() {
        let mut registry = registry(&["a", "b"]);
        registry.register(&id("a"), function("f")).unwrap();
        let conflict = FunctionRefused::Conflict {
            namespace: "default".into(),
            function_id: "f".into(),
            owner: id("a"),
        };
        assert_eq!(registry.register(&id("b"), function("f")), Err(conflict));
        registry.leave(&id("b"));
        assert_eq!(owner(&registry, "default", "f").as_deref(), Some("a"));
    }

    #[test]
    fn a_worker_has_a_bound_of_its_own() {
        let mut registry = registry(&["a", "b"]);
        for id_of in ["f", "g", "f"] {
            registry.register(&id("a"), function(id_of)).unwrap();
        }
        let refused = FunctionRefused::TooMany {
            function_id: "h".into(),
            max: 2,
        };
        assert_eq!(registry.register(&id("a"), function("h")), Err(refused));
        registry.register(&id("b"), function("h")).unwrap();
        registry.unregister(&id("a"), "g");
        registry.register(&id("a"), function("i")).unwrap();
    }

    #[test]
    fn an_announcement_moves_what_was_registered_before() {
        let mut registry = registry(&["a", "b"]);
        registry.register(&id("a"), function("f")).unwrap();
        let none = registry.announce(&id("a"), about(&json!({"namespace": "n", "pid": "odd"})));
        assert_eq!(none, []);
        assert_eq!(owner(&registry, "default", "f"), None);
        assert_eq!(owner(&registry, "n", "f").as_deref(), Some("a"));
        registry.register(&id("b"), function("f")).unwrap();
        let conflicts = registry.announce(&id("b"), about(&json!({"namespace": "n"})));
        assert_eq!(conflicts.len(), 1);
        assert_eq!(owner(&registry, "n", "f").as_deref(), Some("a"));
        registry.announce(&id("a"), about(&json!({"namespace": null})));
        assert_eq!(owner(&registry, "default", "f").as_deref(), Some("a"));
    }

    #[test]
    fn a_newer_connection_takes_over() {
        let mut registry = registry(&["old", "new"]);
        registry.announce(&id("old"), about(&json!({"namespace": "n", "name": "w"})));
        registry.register(&id("old"), function("f")).unwrap();
        assert!(registry.take_over(&id("new"), &id("old")).is_some());
        assert!(registry.take_over(&id("new"), &id("old")).is_none());
        assert_eq!(owner(&registry, "n", "f").as_deref(), Some("new"));
        assert!(registry.leave(&id("old")).is_none());
        registry.register(&id("new"), function("f")).unwrap();
        assert_eq!(registry.worker("new").unwrap().about["name"], "w");
        registry.leave(&id("new"));
        assert_eq!(registry.functions().count(), 0);
    }
}
