use std::time::Duration;

use super::seeded_rng::SeededRng;
use super::{Fault, Sockets, Way};

/// The faults of each connection through a [`FaultProxy`](super::FaultProxy), with their positions.
///
/// A plan is a value. `Debug` prints all of it, and the same seed creates the same plan again.
///
/// # Example
///
/// ```
/// use std::time::Duration;
/// use pipewright::testing::faults::{Fault, FaultPlan, Sockets, Way};
///
/// // Writers are slow from the beginning and lose their connection within the second frame.
/// let plan = FaultPlan::new()
///     .of(Sockets::Writers)
///     .after(0, Way::ToEngine, Fault::Delay(Duration::from_millis(1)))
///     .after(70_000, Way::ToEngine, Fault::Reset);
/// assert_ne!(plan, FaultPlan::new());
///
/// assert_eq!(FaultPlan::from_seed(7), FaultPlan::from_seed(7));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a plan is given to a proxy"]
pub struct FaultPlan {
    sockets: Sockets,
    behind_handshake: bool,
    /// In the order of their positions; faults at the same position keep their order.
    steps: Vec<Step>,
}

/// One fault and its position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) way: Way,
    pub(super) after: u64,
    pub(super) fault: Fault,
}

impl FaultPlan {
    /// Creates a plan without faults.
    pub fn new() -> Self {
        Self {
            sockets: Sockets::Any,
            behind_handshake: false,
            steps: Vec::new(),
        }
    }

    /// Creates a plan with one random fault within the first megabyte of either direction.
    /// Positions of all magnitudes are equally likely.
    ///
    /// The same seed creates the same plan on every machine and in every version.
    pub fn from_seed(seed: u64) -> Self {
        let mut rng = SeededRng::new(seed);
        let way = Way::BOTH[usize::from(rng.below(2) == 1)];
        let after = rng.of_any_size(20);
        let millis = Duration::from_millis(1 + rng.below(200));
        let fault = match rng.below(8) {
            0 => Fault::Cut,
            1 => Fault::Reset,
            2 => Fault::HalfClose,
            3 => Fault::Stall,
            4 => Fault::Pause(millis),
            5 => Fault::Delay(millis / 50),
            6 => Fault::Throttle(1 << (16 + rng.below(8))),
            _ => Fault::FlipBit(u8::try_from(rng.below(8)).unwrap_or_default()),
        };
        Self::new().after(after, way, fault)
    }

    /// Restricts the plan to connections of this kind; default: [`Sockets::Any`]. Other connections
    /// are unaffected.
    pub fn of(mut self, sockets: Sockets) -> Self {
        self.sockets = sockets;
        self
    }

    /// Counts bytes from the end of each direction's HTTP header section, so that the handshake is
    /// never affected. This is not possible with TLS.
    pub fn behind_handshake(mut self) -> Self {
        self.behind_handshake = true;
        self
    }

    /// Adds `fault` after `bytes` bytes in the direction `way`.
    pub fn after(mut self, bytes: u64, way: Way, fault: Fault) -> Self {
        let place = self.steps.partition_point(|step| step.after <= bytes);
        let step = Step {
            way,
            after: bytes,
            fault,
        };
        self.steps.insert(place, step);
        self
    }

    /// Like [`after`](Self::after), in both directions.
    pub fn after_each(self, bytes: u64, fault: Fault) -> Self {
        let [first, second] = Way::BOTH;
        self.after(bytes, first, fault).after(bytes, second, fault)
    }

    /// Whether the plan depends on the kind of a connection.
    pub(super) fn looks(&self) -> bool {
        self.sockets != Sockets::Any
    }

    /// Whether the plan applies to a connection of kind `found`.
    pub(super) fn means(&self, found: Sockets) -> bool {
        self.sockets.include(found)
    }

    pub(super) fn skips_head(&self) -> bool {
        self.behind_handshake
    }

    /// The faults in one direction of a connection of kind `found`.
    pub(super) fn steps(&self, found: Sockets, way: Way) -> Vec<Step> {
        if !self.means(found) {
            return Vec::new();
        }
        let steps = self.steps.iter().filter(|step| step.way == way);
        steps.copied().collect()
    }
}

impl Default for FaultPlan {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::{Fault, FaultPlan, Sockets, Way};

    #[test]
    fn steps_are_ordered_by_position_per_direction() {
        let plan = FaultPlan::new()
            .after(9, Way::ToEngine, Fault::Cut)
            .after(2, Way::ToEngine, Fault::FlipBit(1))
            .after(2, Way::ToEngine, Fault::FlipBit(2))
            .after(1, Way::ToClient, Fault::Stall);
        let steps = plan.steps(Sockets::Any, Way::ToEngine);
        let places: Vec<_> = steps.iter().map(|step| (step.after, step.fault)).collect();
        let expected = [
            (2, Fault::FlipBit(1)),
            (2, Fault::FlipBit(2)),
            (9, Fault::Cut),
        ];
        assert_eq!(places, expected);
        assert_eq!(plan.steps(Sockets::Any, Way::ToClient).len(), 1);
    }

    #[test]
    fn others_than_those_meant_are_left_alone() {
        let plan = FaultPlan::new()
            .of(Sockets::Readers)
            .after_each(0, Fault::Cut);
        assert!(plan.looks());
        assert!(plan.steps(Sockets::Writers, Way::ToEngine).is_empty());
        assert_eq!(plan.steps(Sockets::Readers, Way::ToClient).len(), 1);
    }

    #[test]
    fn seeds_cover_every_fault_and_are_reproducible() {
        let kind = |seed| {
            let plan = FaultPlan::from_seed(seed);
            assert_eq!(plan, FaultPlan::from_seed(seed));
            std::mem::discriminant(&plan.steps[0].fault)
        };
        let kinds: std::collections::HashSet<_> = (0..200).map(kind).collect();
        assert_eq!(kinds.len(), 8);
    }

    #[test]
    fn the_plan_of_a_seed_stays_as_it_is() {
        let printed = format!("{:?}", FaultPlan::from_seed(1).steps);
        assert_eq!(printed, "[Step { way: ToClient, after: 94, fault: Reset }]");
    }
}
