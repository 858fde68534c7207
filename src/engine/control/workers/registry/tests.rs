use std::sync::Arc;
use std::time::SystemTime;

use serde_json::{Map, Value, json};

use super::{FunctionRefused, NewWorker, Notice, Registry, RegistryUpdate, WorkerId};
use crate::wire::{AccessKey, RegisterFunction};

fn id(id: &str) -> WorkerId {
    WorkerId::from(id)
}

/// A registry and its pending notifications.
struct Table {
    registry: Registry,
    notices: Vec<Notice>,
}

impl Table {
    fn new(workers: &[&str]) -> Self {
        let mut table = Self {
            registry: Registry::new(2),
            notices: Vec::new(),
        };
        for worker in workers {
            table.join(worker);
        }
        table
    }

    fn join(&mut self, worker: &str) {
        let joining = NewWorker {
            outbox: Arc::default(),
            reattach_token: AccessKey::new(worker),
            peer: None,
            since: SystemTime::UNIX_EPOCH,
        };
        self.registry.join(id(worker), joining);
    }

    fn announce(&mut self, worker: &str, about: &Value) {
        let about: Map<_, _> = about.as_object().unwrap().clone();
        self.registry
            .announce(&id(worker), about, &mut self.notices);
    }

    fn announced(workers: &[&str]) -> Self {
        let mut table = Self::new(workers);
        for worker in workers {
            table.announce(worker, &json!({}));
        }
        table
    }

    fn register(&mut self, worker: &str, function: &str) {
        let function = serde_json::from_value(json!({ "id": function })).unwrap();
        self.offer(worker, function);
    }

    fn share(&mut self, worker: &str, function: &str) {
        let function = json!({"id": function, "metadata": {"kind": "map", "shared": true}});
        self.offer(worker, serde_json::from_value(function).unwrap());
    }

    fn offer(&mut self, worker: &str, function: RegisterFunction) {
        self.registry
            .register(&id(worker), function, &mut self.notices);
    }

    fn unregister(&mut self, worker: &str, function: &str) {
        self.registry
            .unregister(&id(worker), function, &mut self.notices);
    }

    fn leave(&mut self, worker: &str) {
        self.registry.leave(&id(worker), &mut self.notices);
    }

    fn settle(&mut self, worker: &str) {
        self.registry.settle(&id(worker), &mut self.notices);
    }

    /// Whether the token of `old` was accepted.
    fn reattach(&mut self, new: &str, old: &str) -> bool {
        let token = AccessKey::new(old);
        let (new, old) = (id(new), id(old));
        let reattached = self
            .registry
            .reattach(&new, &old, &token, &mut self.notices);
        reattached.is_some()
    }

    fn owner(&mut self, namespace: &str, function: &str) -> Option<String> {
        let picked = self.registry.pick(namespace, function, |_| 0);
        picked.map(|(owner, _)| owner.to_string())
    }

    /// The refused functions and the newly active ones, each as `worker function`.
    fn told(&mut self) -> Vec<String> {
        let told = self.notices.drain(..).map(|notice| match notice.what {
            RegistryUpdate::Refused(FunctionRefused::Conflict {
                function_id, owner, ..
            }) => {
                format!("{} waits for {owner} with {function_id}", notice.to)
            }
            RegistryUpdate::Refused(FunctionRefused::TooMany { function_id, .. }) => {
                format!("{} has no room for {function_id}", notice.to)
            }
            RegistryUpdate::Refused(other) => panic!("{other}"),
            RegistryUpdate::Active { function_id, .. } => {
                format!("{} serves {function_id}", notice.to)
            }
        });
        told.collect()
    }
}

#[test]
fn functions_come_and_go_with_their_worker() {
    let mut table = Table::announced(&["a", "b"]);
    table.register("a", "f");
    table.register("a", "f");
    table.register("b", "g");
    assert_eq!(table.owner("default", "f").as_deref(), Some("a"));
    table.unregister("a", "g");
    assert_eq!(table.owner("default", "g").as_deref(), Some("b"));
    table.unregister("b", "g");
    assert_eq!(table.owner("default", "g"), None);
    table.leave("a");
    assert_eq!(table.registry.count(), 0);
    assert_eq!(table.registry.workers().count(), 1);
    assert!(table.told().is_empty());
}

#[test]
fn later_workers_wait_in_order_and_take_over() {
    let mut table = Table::announced(&["a", "b", "c"]);
    for worker in ["a", "b", "c"] {
        table.register(worker, "f");
    }
    assert_eq!(
        table.told(),
        ["b waits for a with f", "c waits for a with f"]
    );
    table.leave("a");
    assert_eq!(table.told(), ["b serves f"]);
    assert_eq!(table.owner("default", "f").as_deref(), Some("b"));
    table.unregister("b", "f");
    assert_eq!(table.told(), ["c serves f"]);
    table.leave("c");
    assert_eq!(table.registry.count(), 0);
}

#[test]
fn shared_function_rotates_among_the_least_busy() {
    let mut table = Table::announced(&["a", "b", "c"]);
    table.share("a", "f");
    table.share("b", "f");
    assert!(table.told().is_empty());
    let fair_share: Vec<_> = (0..4)
        .map(|_| table.owner("default", "f").unwrap())
        .collect();
    assert_eq!(fair_share, ["a", "b", "a", "b"]);
    let busy = |worker: &WorkerId| usize::from(**worker == *"a");
    for _ in 0..2 {
        let picked = table.registry.pick("default", "f", busy).unwrap();
        assert_eq!(&*picked.0, "b");
    }
    // A worker that does not share the function waits for all workers that do.
    table.register("c", "f");
    assert_eq!(table.told().len(), 1);
    table.leave("a");
    assert!(table.told().is_empty());
    table.leave("b");
    assert_eq!(table.told(), ["c serves f"]);
}

#[test]
fn a_waiting_function_that_becomes_shared_serves_at_once() {
    let mut table = Table::announced(&["a", "b"]);
    table.register("a", "f");
    table.register("b", "f");
    table.told();
    table.share("b", "f");
    assert_eq!(table.told(), ["b waits for a with f"]);
    table.share("a", "f");
    assert_eq!(table.told(), ["b serves f"]);
}

#[test]
fn a_worker_has_a_bound_of_its_own() {
    let mut table = Table::announced(&["a", "b"]);
    for function in ["f", "g", "f", "h"] {
        table.register("a", function);
    }
    assert_eq!(table.told(), ["a has no room for h"]);
    table.register("b", "h");
    table.unregister("a", "g");
    table.register("a", "i");
    assert!(table.told().is_empty());
}

#[test]
fn registrations_wait_for_the_announcement() {
    let mut table = Table::new(&["a", "b"]);
    table.register("a", "f");
    assert_eq!(table.owner("default", "f"), None);
    assert!(table.registry.expects("f") && table.registry.count() == 1);
    assert_eq!(table.registry.functions().count(), 1);
    table.announce("a", &json!({"namespace": "n", "pid": "odd"}));
    assert_eq!(table.owner("n", "f").as_deref(), Some("a"));
    assert!(!table.registry.expects("f"));
    table.register("b", "f");
    table.settle("b");
    assert_eq!(table.owner("default", "f").as_deref(), Some("b"));
    // Late, but it names the owner of the function.
    table.announce("b", &json!({"namespace": "n"}));
    assert_eq!(table.told(), ["b waits for a with f"]);
    assert_eq!(table.owner("default", "f"), None);
    // Existing registrations stay.
    table.announce("a", &json!({"namespace": null}));
    assert_eq!(table.owner("n", "f").as_deref(), Some("a"));
    table.register("a", "f");
    assert_eq!(table.owner("default", "f").as_deref(), Some("a"));
    assert_eq!(table.told(), ["b serves f"]);
}

#[test]
fn reattach_keeps_functions_until_the_replay_ends() {
    let mut table = Table::new(&["old", "new"]);
    table.announce("old", &json!({"namespace": "n", "name": "w"}));
    table.register("old", "kept");
    table.register("old", "gone");
    assert!(!table.reattach("new", "new"));
    assert!(table.reattach("new", "old"));
    assert!(!table.reattach("new", "old"));
    assert_eq!(table.owner("n", "kept").as_deref(), Some("new"));
    table.register("new", "kept");
    assert_eq!(table.owner("n", "gone").as_deref(), Some("new"));
    table.announce(
        "new",
        &json!({"namespace": "n", "name": "w", "replayed": true}),
    );
    assert_eq!(table.owner("n", "gone"), None);
    assert_eq!(table.registry.worker("new").unwrap().about["name"], "w");
    table.leave("old");
    assert_eq!(table.registry.count(), 1);
    table.leave("new");
    assert_eq!(table.registry.count(), 0);
}

#[test]
fn functions_not_registered_again_are_removed() {
    let mut table = Table::announced(&["old", "new"]);
    table.register("old", "f");
    assert!(table.reattach("new", "old"));
    assert!(!table.registry.is_settled(&id("new")));
    table.announce("new", &json!({}));
    assert_eq!(table.owner("default", "f").as_deref(), Some("new"));
    table.settle("new");
    assert_eq!(table.owner("default", "f"), None);
    assert!(table.registry.is_settled(&id("new")));
}

#[test]
fn the_limit_holds_over_a_reattach() {
    let mut table = Table::announced(&["old", "new"]);
    for function in ["a", "b"] {
        table.register("old", function);
    }
    for function in ["c", "d"] {
        table.register("new", function);
    }
    assert!(table.reattach("new", "old"));
    assert_eq!(table.registry.count(), 2);
    assert_eq!(table.owner("default", "c").as_deref(), Some("new"));
}

#[test]
fn the_identity_outlives_connections() {
    let mut table = Table::announced(&["one"]);
    for (old, new) in [("one", "two"), ("two", "three")] {
        if old == "two" {
            table.leave(old);
        }
        table.join(new);
        assert!(table.reattach(new, old));
        assert_eq!(table.registry.worker(new).unwrap().identity, id("one"));
    }
    table.leave("three");
    table.join("four");
    assert!(!table.reattach("four", "two"), "an older token");
}
