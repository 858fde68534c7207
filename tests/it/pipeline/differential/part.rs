//! The parts of random pipelines.

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Part {
    Double,
    Increment,
    Odd,
    Twice,
    Ordered4,
    Unordered4,
    Announce,
    Blocking,
    SkipFives,
    DeadFives,
    Retry,
    LateSkip,
    FailsOn13,
    PanicsOn17,
    Pass,
    Sums,
    SumsFail,
    First,
    Leave,
    Copies,
    OrderedCopies,
    OrderedSums,
    Partition,
    Broadcast,
    BroadcastFirst,
    BroadcastFail,
    Tee,
    Merge,
    Composed,
    Recoded,
    /// Streams whose code ignores errors, or hides them.
    Hasty,
    Opaque,
    /// Outputs everything, and never ends by itself.
    Hang,
    Remote,
    RemoteStream,
    ComposedStream,
    /// A side branch that takes everything, after messages.
    TellTee,
    Closures,
    /// Takes a resource of the worker.
    Offset,
    /// Takes a resource in a closure.
    Lookup,
    /// Outputs each item when the next one arrives, and the last one at the end.
    Delayed,
    Batched,
    /// Returns the sum as its only item.
    Total,
    ForkJoin,
    Zip,
    /// Outputs the metadata that it sees as messages.
    Describe,
    /// Sets other metadata.
    Relabel,
    /// A function without pipewright on another worker.
    Foreign,
    /// Two of them in sequence.
    ForeignTwice,
}

pub(super) const PARTS: [Part; 49] = [
    Part::Double,
    Part::Increment,
    Part::Odd,
    Part::Twice,
    Part::Ordered4,
    Part::Unordered4,
    Part::Announce,
    Part::Blocking,
    Part::SkipFives,
    Part::DeadFives,
    Part::Retry,
    Part::LateSkip,
    Part::FailsOn13,
    Part::PanicsOn17,
    Part::Pass,
    Part::Sums,
    Part::SumsFail,
    Part::First,
    Part::Leave,
    Part::Copies,
    Part::OrderedCopies,
    Part::OrderedSums,
    Part::Partition,
    Part::Broadcast,
    Part::BroadcastFirst,
    Part::BroadcastFail,
    Part::Tee,
    Part::Merge,
    Part::Composed,
    Part::Recoded,
    Part::Hasty,
    Part::Opaque,
    Part::Hang,
    Part::Remote,
    Part::RemoteStream,
    Part::ComposedStream,
    Part::TellTee,
    Part::Closures,
    Part::Offset,
    Part::Lookup,
    Part::Delayed,
    Part::Batched,
    Part::Total,
    Part::ForkJoin,
    Part::Zip,
    Part::Describe,
    Part::Relabel,
    Part::Foreign,
    Part::ForeignTwice,
];

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Origin {
    Ready,
    Yielding,
    Slow,
    Idle,
    Failing,
    Endless,
    Producer,
}

impl Part {
    pub(super) fn keeps_order(self) -> bool {
        use Part::{
            Broadcast, BroadcastFail, BroadcastFirst, Copies, Merge, Partition, Unordered4,
        };
        !matches!(
            self,
            Unordered4 | Copies | Partition | Broadcast | BroadcastFirst | BroadcastFail | Merge
        )
    }

    /// Whether messages keep their positions among the items: not in a stage on bytes, which sees no
    /// items, and not where two branches are paired.
    pub(super) fn keeps_positions(self) -> bool {
        self.keeps_order() && !matches!(self, Self::Recoded | Self::ForkJoin)
    }

    pub(super) fn needs_order(self) -> bool {
        use Part::{Batched, BroadcastFirst, Delayed, First, OrderedSums, Sums, SumsFail, Zip};
        matches!(
            self,
            Sums | SumsFail | First | BroadcastFirst | OrderedSums | Delayed | Batched | Zip
        )
    }

    /// Whether items before a failure may be lost, because branches are abandoned.
    pub(super) fn loses_at_failure(self) -> bool {
        use Part::{Foreign, ForeignTwice, OrderedCopies, Tee, TellTee};
        !self.keeps_order()
            || matches!(self, OrderedCopies | Tee | TellTee | Foreign | ForeignTwice)
    }
}
