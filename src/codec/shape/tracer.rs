//! Determines the shape of a type from the requests of its `Deserialize`.
//!
//! A run follows one path into the type, records the first request there, and ends with an error.
//! The type's own code, which may reject values or panic on them, therefore does not run. The parts
//! of a tuple are the one exception: to reach later parts, earlier ones need values, which only
//! serde's code receives ([`Maker`]).

use std::collections::HashMap;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::explorer::{Explorer, Run};
use super::schema;
use super::traced::{Key, Named, Question, Step, Traced};

/// Maximum number of runs for one type. Ordinary types need a few hundred. It bounds the time for
/// types whose size doubles with every level.
const MAX_RUNS: usize = 20_000;
/// Maximum nesting of types.
const MAX_DEPTH: usize = 64;
/// Number of variants to try in order to find one whose value is finite.
const MAX_VARIANTS: usize = 16;

pub(super) fn trace<T: DeserializeOwned>() -> Option<Value> {
    let mut tracer = Tracer {
        ask: run::<T>,
        named: HashMap::new(),
        path: Vec::new(),
        runs: 0,
        has_none: false,
    };
    let found = tracer.explore();
    if tracer.has_none || found == Traced::Unknown {
        return None;
    }
    schema::of(&found, &tracer.named)
}

fn run<T: DeserializeOwned>(path: &[Step], variant: usize) -> Option<Question> {
    let mut run = Run {
        path,
        variant,
        question: None,
    };
    // Deserialising always ends with an error, once the question is recorded.
    let _ = T::deserialize(Explorer::new(&mut run, 0));
    run.question
}

struct Tracer {
    ask: fn(&[Step], usize) -> Option<Question>,
    named: HashMap<Key, Named>,
    /// The path to the type that is being explored.
    path: Vec<Step>,
    runs: usize,
    /// Whether the type has no shape.
    has_none: bool,
}

impl Tracer {
    fn question(&mut self) -> Option<Question> {
        let variants = if self.path.iter().any(|step| matches!(step, Step::Part(1..))) {
            MAX_VARIANTS
        } else {
            1
        };
        for variant in 0..variants {
            self.runs += 1;
            if self.runs > MAX_RUNS || self.path.len() > MAX_DEPTH {
                self.has_none = true;
                return None;
            }
            let question = (self.ask)(&self.path, variant);
            if question.is_some() {
                return question;
            }
        }
        None
    }

    fn explore(&mut self) -> Traced {
        match self.question() {
            Some(question) => self.answer(question),
            None => Traced::Unknown,
        }
    }

    fn answer(&mut self, question: Question) -> Traced {
        if self.has_none {
            return Traced::Unknown;
        }
        match question {
            Question::Scalar(name) => Traced::Scalar(name),
            Question::Option => Traced::Option(Box::new(self.step(Step::Inside))),
            Question::List => Traced::List(Box::new(self.step(Step::Inside))),
            Question::Map => Traced::Map(Box::new((self.step(Step::Key), self.step(Step::Value)))),
            Question::Tuple(len) => self.tuple(len),
            Question::Fields(names) => self.fields(names),
            Question::Newtype(key) => {
                self.named(key, |tracer| Named::Newtype(tracer.step(Step::Inside)))
            }
            Question::TupleStruct(key, len) => {
                self.named(key, |tracer| Named::Struct(tracer.tuple(len)))
            }
            Question::Struct(key, names) => {
                self.named(key, |tracer| Named::Struct(tracer.fields(names)))
            }
            Question::Enum(key, names) => self.named(key, |tracer| {
                let variants = tracer.members(names.len(), Step::Variant);
                Named::Enum(with_names(names, variants))
            }),
            Question::Any | Question::Nothing => {
                self.has_none = true;
                Traced::Unknown
            }
        }
    }

    fn step(&mut self, step: Step) -> Traced {
        self.path.push(step);
        let found = self.explore();
        self.path.pop();
        found
    }

    /// Explores a named type at its first occurrence.
    fn named(&mut self, key: Key, explore: impl FnOnce(&mut Self) -> Named) -> Traced {
        if !self.named.contains_key(&key) {
            self.named.insert(key, Named::Newtype(Traced::Unknown));
            let named = explore(self);
            self.named.insert(key, named);
        }
        Traced::Named(key)
    }

    fn tuple(&mut self, len: usize) -> Traced {
        if len > MAX_RUNS {
            self.has_none = true;
            return Traced::Unknown;
        }
        Traced::Tuple((0..len).map(|part| self.step(Step::Part(part))).collect())
    }

    fn fields(&mut self, names: &'static [&'static str]) -> Traced {
        let mut fields = self.members(names.len(), Step::Field);
        if fields.iter().all(|field| *field == Traced::Unknown) {
            // A handwritten visitor may accept its fields only in sequence.
            fields = self.members(names.len(), Step::Part);
        }
        Traced::Fields(with_names(names, fields))
    }

    /// Members by number. The list of names from serde's derive includes aliases, so there can be
    /// fewer members than names.
    fn members(&mut self, most: usize, step: fn(usize) -> Step) -> Vec<Traced> {
        let mut members = Vec::new();
        for number in 0..most {
            self.path.push(step(number));
            let question = self.question();
            if matches!(question, Some(Question::Nothing)) {
                self.path.pop();
                break;
            }
            members.push(question.map_or(Traced::Unknown, |question| self.answer(question)));
            self.path.pop();
        }
        members
    }
}

/// Members with their names, if no name is an alias.
fn with_names(names: &[&'static str], members: Vec<Traced>) -> Vec<(Option<&'static str>, Traced)> {
    let certain = names.len() == members.len();
    let name = |at: usize| names.get(at).copied().filter(|_| certain);
    let members = members.into_iter().enumerate();
    members.map(|(at, of)| (name(at), of)).collect()
}
