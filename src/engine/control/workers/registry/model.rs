//! Checks the registry under random transitions against a model that only knows which worker has
//! registered which functions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use serde_json::json;

use super::{NewWorker, Notice, Registry, WorkerId};
use crate::wire::AccessKey;

const MAX_FUNCTIONS: usize = 3;
const NAMESPACES: [&str; 3] = ["default", "n", "m"];
const FUNCTIONS: [&str; 5] = ["f0", "f1", "f2", "f3", "f4"];

/// The expected functions of a connected worker.
#[derive(Default)]
struct Known {
    /// Ids that it has registered and not unregistered, on any of its connections.
    functions: BTreeSet<&'static str>,
}

struct Run {
    registry: Registry,
    notices: Vec<Notice>,
    workers: BTreeMap<String, Known>,
    /// Workers that have left, with their reattach tokens.
    left: Vec<String>,
    /// Workers that are kept without a connection, and until when.
    absent: BTreeMap<String, Instant>,
    now: Instant,
    random: fastrand::Rng,
    joined: usize,
}

impl Run {
    fn new(seed: u64) -> Self {
        Self {
            registry: Registry::new(MAX_FUNCTIONS),
            notices: Vec::new(),
            workers: BTreeMap::new(),
            left: Vec::new(),
            absent: BTreeMap::new(),
            now: Instant::now(),
            random: fastrand::Rng::with_seed(seed),
            joined: 0,
        }
    }

    fn join(&mut self) -> String {
        self.joined += 1;
        let id = format!("w{}", self.joined);
        let joining = NewWorker {
            outbox: Arc::default(),
            reattach_token: AccessKey::new(id.clone()),
            peer: None,
            since: SystemTime::UNIX_EPOCH,
        };
        self.registry.join(id.as_str().into(), joining);
        self.workers.insert(id.clone(), Known::default());
        id
    }

    fn any(&mut self) -> Option<String> {
        let ids: Vec<_> = self.workers.keys().cloned().collect();
        self.random.choice(ids)
    }

    fn step(&mut self) {
        let kind = self.random.u32(0..13);
        let Some(id) = self.any().filter(|_| kind > 0) else {
            self.join();
            return;
        };
        let worker = WorkerId::from(id.as_str());
        let function = *self.random.choice(&FUNCTIONS).unwrap_or(&"f0");
        let notices = &mut self.notices;
        match kind {
            1..=3 => {
                let shared = self.random.bool();
                let function_id = json!({"id": function, "metadata": {"shared": shared}});
                let registered = serde_json::from_value(function_id).unwrap();
                self.registry.register(&worker, registered, notices);
                if let Some(known) = self.workers.get_mut(&id) {
                    known.functions.insert(function);
                }
            }
            4 => {
                self.registry.unregister(&worker, function, notices);
                if let Some(known) = self.workers.get_mut(&id) {
                    known.functions.remove(function);
                }
            }
            5 | 6 => {
                let namespace = self.random.choice(&NAMESPACES);
                let about = json!({"namespace": namespace, "replayed": self.random.bool()});
                let about = about.as_object().unwrap().clone();
                self.registry.announce(&worker, about, notices);
            }
            7 => self.registry.settle(&worker, notices),
            8 => {
                self.registry.leave(&worker, notices);
                self.workers.remove(&id);
                self.absent.remove(&id);
                self.left.push(id);
            }
            10 => {
                let until = self.now + Duration::from_secs(self.random.u64(0..20));
                assert!(self.registry.lose(&worker, until, notices));
                self.workers.insert(id.clone(), Known::default());
                self.absent.insert(id, until);
            }
            11 => {
                let until = self.now + Duration::from_secs(self.random.u64(0..20));
                self.registry.detach(&worker, until);
                self.absent.insert(id, until);
            }
            12 => self.expire(),
            _ => {
                let new = self.join();
                let old = if self.random.bool() {
                    id
                } else {
                    self.left.pop().unwrap_or(id)
                };
                let (new_id, old_id) = (new.as_str().into(), old.as_str().into());
                let token = AccessKey::new(old.clone());
                let notices = &mut self.notices;
                let accepted = self
                    .registry
                    .reattach(&new_id, &old_id, &token, notices)
                    .is_some();
                assert!(accepted, "{new} is {old}");
                self.absent.remove(&old);
                let known = self.workers.remove(&old).unwrap_or_default();
                self.workers.insert(new, known);
            }
        }
    }

    /// Time passes, and absent workers leave.
    fn expire(&mut self) {
        self.now += Duration::from_secs(5);
        for id in self.registry.expired(self.now) {
            assert!(
                self.absent
                    .remove(&*id)
                    .is_some_and(|until| until <= self.now)
            );
            self.registry.leave(&id, &mut self.notices);
            self.workers.remove(&*id);
            self.left.push(id.to_string());
        }
        assert!(self.absent.values().all(|until| *until > self.now));
    }

    fn check(&self) {
        let registry = &self.registry;
        let connected = self.workers.len() - self.absent.len();
        assert_eq!(registry.workers().count(), connected);
        assert_eq!(registry.next_expiry(), self.absent.values().min().copied());
        assert_eq!(registry.workers.len(), self.workers.len());
        let mut filed = BTreeSet::new();
        for (namespace, group) in &registry.functions {
            assert!(!group.is_empty());
            for (function, slot) in group {
                let serving = slot.serving();
                assert!(!serving.is_empty(), "{function} is served by nobody");
                assert!(serving.len() == 1 || serving.iter().all(|one| one.shared));
                for one in serving.iter().chain(slot.waiting()) {
                    let place = (one.owner.to_string(), function.as_str());
                    assert!(filed.insert(place), "{function} of {} twice", one.owner);
                    let worker = registry.workers.get(&one.owner).expect("of nobody");
                    let entry = worker.functions.get(function).expect("not its own");
                    assert_eq!(entry.namespace, *namespace);
                }
                let alone = serving.iter().all(|one| one.shared);
                let could = slot.waiting().any(|one| one.shared && alone);
                assert!(!could, "{function}: a shared one waits for shared ones");
            }
        }
        for (id, worker) in &registry.workers {
            assert!(
                worker.count() <= MAX_FUNCTIONS,
                "{id} has {}",
                worker.count()
            );
            let fresh = worker.pending.keys();
            let fresh = fresh
                .filter(|id| !worker.functions.contains_key(*id))
                .count();
            assert_eq!(fresh, worker.fresh);
            let known = &self.workers[&**id].functions;
            for function in worker.functions.keys().chain(worker.pending.keys()) {
                assert!(
                    known.contains(function.as_str()),
                    "{id} never had {function}"
                );
            }
            for function in worker.functions.keys() {
                assert!(filed.contains(&(id.to_string(), function.as_str())));
            }
        }
        let pending = registry.workers.values().map(|worker| worker.pending.len());
        let expected: usize = registry.expected.values().sum();
        assert_eq!(pending.sum::<usize>(), expected);
    }
}

#[test]
fn transitions_at_random_keep_the_table_whole() {
    for seed in 0..300 {
        let mut run = Run::new(seed);
        for _ in 0..150 {
            run.step();
            run.check();
        }
        for id in std::mem::take(&mut run.workers).into_keys() {
            let id = id.as_str().into();
            run.registry.leave(&id, &mut run.notices);
        }
        assert_eq!(run.registry.count(), 0, "seed {seed}: functions of nobody");
        assert!(run.registry.expected.is_empty() && run.registry.functions.is_empty());
    }
}
