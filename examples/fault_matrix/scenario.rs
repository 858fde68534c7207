use std::time::Duration;

use pipewright::RunError;
use pipewright::testing::faults::{Fault, ProcessFault, Way};

use super::content::{Content, Summary, turned, turned_bytes};
use super::harm::Harm;
use super::part::Part;

/// The format of the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Bytes,
    Json,
    Bincode,
}

/// One round, completely derived from its seed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scenario {
    pub(crate) seed: u64,
    pub(crate) part: Part,
    pub(crate) harm: Harm,
    pub(crate) form: Form,
    /// Number of bytes or items.
    pub(crate) size: usize,
    /// Number of bytes on the part's connections before the fault, counted from the start of the
    /// round; for channel faults, on each channel.
    pub(crate) moment: u64,
}

impl Scenario {
    /// Consecutive seeds cover every combination of part, fault, format and size in turn.
    pub(crate) fn of(seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut rest = seed;
        let mut one_of = |count: u64| {
            let one = rest % count;
            rest /= count;
            one
        };
        let part = match one_of(4) {
            0 => Part::Producer,
            1 => Part::Stage,
            2 => Part::Consumer,
            _ => Part::Engine,
        };
        let harm = match one_of(5) {
            0 => Harm::Process(ProcessFault::Kill, None),
            1 => stopped(&mut random),
            2 => cut_off(&mut random),
            3 => slow(&mut random),
            _ => {
                let way = way(&mut random);
                Harm::Channels(way, Fault::FlipBit(random.u8(..8)))
            }
        };
        let form = match one_of(3) {
            0 => Form::Bytes,
            1 => Form::Json,
            _ => Form::Bincode,
        };
        // It changes from round to round, and is still combined with every other choice.
        let large = (one_of(3) + seed % 3) % 3;
        let size = match (large, form) {
            (0, _) => 0,
            (1, Form::Bytes) => random.usize(1..5000),
            (1, _) => random.usize(1..50),
            (_, Form::Bytes) => random.usize(2 << 20..6 << 20),
            (..) => random.usize(20_000..50_000),
        };
        let bytes = match form {
            Form::Bytes => size as u64,
            // The approximate size of a record.
            Form::Json => size as u64 * 90,
            Form::Bincode => size as u64 * 68,
        };
        // The input of a stage is also its output.
        let carried = match (part, harm) {
            (Part::Producer | Part::Consumer, _) | (_, Harm::Channels(..)) => bytes,
            (Part::Stage | Part::Engine, _) => 2 * bytes,
        };
        // Also covers the handshakes before and the messages after the data.
        let moment = random.u64(..2000 + carried);
        Self {
            seed,
            part,
            harm,
            form,
            size,
            moment,
        }
    }

    /// Whether the first cause of `failure` is the faulty part. `None` if several parts are faulty.
    ///
    /// | struck | first cause |
    /// |---|---|
    /// | the process of a part, or all its connections | that part |
    /// | the engine, or all its connections | the engine |
    /// | the channels of a part, towards the part | that part |
    /// | the channels of a part, towards the engine | that part, or the reader of its output |
    /// | the channels of all parts | not compared |
    ///
    /// Only the reader of a stream can notice that its bytes were changed or do not arrive, and it
    /// cannot know where this happened.
    pub(crate) fn is_cause(&self, failure: &RunError) -> Option<bool> {
        let cause = failure.first_cause();
        let stage = cause.stage.as_deref().unwrap_or_default();
        // The id ends with the name of the function.
        let role = stage.rsplit("::").next().unwrap_or_default();
        let named = role == self.part.role();
        match (self.part, self.harm) {
            (Part::Engine, Harm::Channels(..)) => None,
            (Part::Engine, _) => {
                let code = cause.code.as_str();
                Some([RunError::ENGINE_LOST, RunError::NO_CHANNELS].contains(&code))
            }
            (part, Harm::Channels(Way::ToEngine, _)) => Some(named || role == part.reader()),
            _ => Some(named),
        }
    }

    /// The expected output.
    pub(crate) fn truth(&self) -> Summary {
        let content = Content::new(self.seed);
        match self.form {
            Form::Bytes => Summary::of_bytes(&turned_bytes(content.bytes(self.size))),
            _ => Summary::of_records(content.records(self.size).map(turned)),
        }
    }
}

fn way(random: &mut fastrand::Rng) -> Way {
    Way::BOTH[random.usize(..2)]
}

/// Stopped for a moment, or permanently.
fn stopped(random: &mut fastrand::Rng) -> Harm {
    let goes_on = random
        .bool()
        .then(|| Duration::from_millis(random.u64(..500)));
    Harm::Process(ProcessFault::Stop, goes_on)
}

fn cut_off(random: &mut fastrand::Rng) -> Harm {
    let faults = [Fault::Cut, Fault::Reset, Fault::HalfClose, Fault::Stall];
    let fault = faults[random.usize(..faults.len())];
    if random.bool() {
        Harm::Network(fault)
    } else {
        Harm::Channels(way(random), fault)
    }
}

fn slow(random: &mut fastrand::Rng) -> Harm {
    Harm::Network(match random.u8(..3) {
        0 => Fault::Pause(Duration::from_millis(random.u64(..500))),
        1 => Fault::Delay(Duration::from_millis(random.u64(..5))),
        _ => Fault::Throttle(random.u32(4 << 20..64 << 20)),
    })
}
