//! The expected result of a pipeline.

use super::part::Part;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum End {
    Done,
    /// The stages that may fail, and at which item if that is known.
    Fails(Vec<(&'static str, Option<u64>)>),
    Never,
}

#[derive(Clone, Debug)]
pub(super) struct Model {
    pub(super) items: Vec<u64>,
    pub(super) end: End,
    /// Failures that may or may not be seen, because a later part wanted no more items.
    pub(super) maybe: Vec<(&'static str, Option<u64>)>,
}

pub(super) fn sum(items: &[u64]) -> u64 {
    items.iter().fold(0, |sum, n| sum.wrapping_add(*n))
}

impl Model {
    pub(super) fn map(self, map: impl Fn(u64) -> Vec<u64>) -> Self {
        let items = self.items.into_iter().flat_map(map).collect();
        Self { items, ..self }
    }

    pub(super) fn fail(mut self, stage: &'static str, at: usize, item: Option<u64>) -> Self {
        self.items.truncate(at);
        if let End::Fails(masked) = std::mem::replace(&mut self.end, End::Done) {
            self.maybe.extend(masked);
        }
        self.end = End::Fails(vec![(stage, item)]);
        self
    }

    pub(super) fn fail_on(self, value: u64, stage: &'static str) -> Self {
        match self.items.iter().position(|n| *n == value) {
            Some(at) => self.fail(stage, at, Some(at as u64)),
            None => self,
        }
    }

    pub(super) fn take(mut self, most: usize) -> Self {
        if self.items.len() >= most {
            self.items.truncate(most);
            if let End::Fails(masked) = std::mem::replace(&mut self.end, End::Done) {
                self.maybe.extend(masked);
            }
        }
        self
    }

    /// The last `held` items are given at the end of a complete input only.
    fn holding(mut self, held: usize) -> Self {
        if self.end != End::Done {
            self.items.truncate(self.items.len() - held);
        }
        self
    }

    /// The number of each item is added to it.
    fn numbered(mut self) -> Self {
        for (at, n) in (0..).zip(&mut self.items) {
            *n = n.wrapping_add(at);
        }
        self
    }

    /// One item at the end.
    fn result(self, of: impl Fn(&[u64]) -> u64) -> Self {
        let items = if self.end == End::Done {
            vec![of(&self.items)]
        } else {
            Vec::new()
        };
        Self { items, ..self }
    }

    pub(super) fn join(branches: impl IntoIterator<Item = Self>) -> Self {
        let mut all = Self {
            items: Vec::new(),
            end: End::Done,
            maybe: Vec::new(),
        };
        for one in branches {
            all.items.extend(one.items);
            all.maybe.extend(one.maybe);
            all.end = match (all.end, one.end) {
                (End::Fails(mut a), End::Fails(b)) => {
                    a.extend(b);
                    End::Fails(a)
                }
                (End::Fails(a), _) | (_, End::Fails(a)) => End::Fails(a),
                (End::Never, _) | (_, End::Never) => End::Never,
                _ => End::Done,
            };
        }
        all
    }

    pub(super) fn through(self, part: Part) -> Self {
        match part {
            // It ends with its reader, or with a failure.
            Part::Hang if self.end == End::Done => Self {
                end: End::Never,
                ..self
            },
            Part::SumsFail if self.items.len() > 3 => self.fail("random::sums_fail", 3, None),
            Part::Double => self.map(|n| vec![n.wrapping_mul(2)]),
            Part::Increment
            | Part::Offset
            | Part::Lookup
            | Part::Copies
            | Part::Partition
            | Part::Remote
            | Part::ComposedStream => self.map(|n| vec![n.wrapping_add(1)]),
            Part::Odd => self.map(|n| if n % 2 == 1 { vec![n] } else { vec![] }),
            Part::Twice | Part::OrderedCopies => self.map(|n| vec![n, n]),
            Part::Ordered4
            | Part::Unordered4
            | Part::Announce
            | Part::Blocking
            | Part::Retry
            | Part::Pass
            | Part::Tee
            | Part::Recoded
            | Part::Hasty
            | Part::Opaque
            | Part::RemoteStream
            | Part::TellTee
            | Part::Hang
            | Part::Describe
            | Part::Relabel
            | Part::Foreign
            | Part::ForeignTwice
            | Part::SumsFail => self,
            Part::SkipFives | Part::DeadFives => {
                self.map(|n| if n % 5 == 0 { vec![] } else { vec![n] })
            }
            Part::LateSkip => self.map(|n| if n % 3 == 0 { vec![n] } else { vec![n, n] }),
            Part::FailsOn13 => self.fail_on(13, "random::fails_on_13"),
            Part::PanicsOn17 => self.fail_on(17, "random::panics_on_17"),
            // It runs in one copy, because it may read ahead.
            Part::Sums | Part::OrderedSums => {
                let mut sums: Vec<_> = self.items.chunks_exact(3).map(sum).collect();
                if self.end == End::Done {
                    sums.push(sum(self.items.chunks_exact(3).remainder()));
                }
                Self {
                    items: sums,
                    ..self
                }
            }
            Part::Closures => self.map(|n| {
                if n % 4 == 0 {
                    vec![]
                } else {
                    vec![n.wrapping_add(1)]
                }
            }),
            Part::Delayed => {
                let held = self.items.len().min(1);
                self.holding(held)
            }
            Part::Batched => {
                let held = self.items.len() % 3;
                self.holding(held)
            }
            Part::Total => self.result(sum),
            Part::ForkJoin => self.result(|items| sum(items).wrapping_add(items.len() as u64)),
            Part::Zip => self.take(10).numbered(),
            Part::First => self.take(5),
            Part::Leave => self.take(0),
            Part::Broadcast => {
                Self::join([self.clone().through(Part::Double), self.through(Part::Odd)])
            }
            Part::BroadcastFirst => {
                Self::join([self.clone().through(Part::First), self.through(Part::Odd)])
            }
            Part::BroadcastFail => Self::join([
                self.clone().through(Part::FailsOn13),
                self.through(Part::Double),
            ]),
            Part::Merge => {
                let other = Self {
                    items: (1000..1010).collect(),
                    end: End::Done,
                    maybe: vec![],
                };
                Self::join([self, other])
            }
            Part::Composed => self.map(|n| vec![n.wrapping_mul(2).wrapping_add(1)]),
        }
    }
}
