//! Drives a run to its end, and compares it with the model.

use std::time::Duration;

use pipewright::pipeline::RunSource;
use pipewright::{Event, Run, RunError, RunReport};
use tokio::time::timeout;

use super::model::{End, Model};
use super::part::Part;

/// What the owner of a run does with it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Owner {
    Waits,
    /// Cancels it after this number of items.
    Cancels(usize),
    /// Drops it after this number of items.
    Drops(usize),
    /// Has set a deadline that no run exceeds.
    LongDeadline,
    /// Has set a deadline that only runs without an end exceed for certain.
    ShortDeadline,
}

impl Owner {
    pub(super) fn deadline(self) -> Option<Duration> {
        match self {
            Self::LongDeadline => Some(Duration::from_secs(600)),
            Self::ShortDeadline => Some(Duration::from_millis(40)),
            Self::Waits | Self::Cancels(_) | Self::Drops(_) => None,
        }
    }
}

/// How a run ended.
#[derive(Debug)]
pub(super) enum Got {
    Complete(Box<RunReport>),
    Failed {
        stage: String,
        item: Option<u64>,
        text: String,
    },
    /// It exceeded its deadline.
    Overdue,
    /// Its owner cancelled or dropped it.
    Stopped,
    /// It output everything and went on. It was cancelled.
    Never,
    Stuck,
}

impl Got {
    fn failed(error: &RunError) -> Self {
        if error.is_deadline() {
            return Self::Overdue;
        }
        let cause = error.first_cause();
        Self::Failed {
            stage: cause.stage.clone().unwrap_or_default(),
            item: cause.item,
            text: format!("{error:#}"),
        }
    }
}

/// An output of a run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Output {
    Item(u64),
    Message(String),
}

pub(super) fn items(outputs: &[Output]) -> Vec<u64> {
    let item = |output: &Output| match output {
        Output::Item(item) => Some(*item),
        Output::Message(_) => None,
    };
    outputs.iter().filter_map(item).collect()
}

pub(super) const PATIENCE: Duration = Duration::from_secs(8);

pub(super) async fn drive(
    mut run: Run<impl RunSource<Item = u64>>,
    model: &Model,
    owner: Owner,
) -> (Vec<Output>, Got) {
    let mut outputs = Vec::new();
    let mut count = 0;
    loop {
        match owner {
            Owner::Cancels(after) if count >= after => {
                let cancelled = timeout(PATIENCE, run.cancel()).await;
                let got = cancelled.map_or(Got::Stuck, |()| Got::Stopped);
                return (outputs, got);
            }
            Owner::Drops(after) if count >= after => return (outputs, Got::Stopped),
            _ => {}
        }
        let all_there =
            model.end == End::Never && count >= model.items.len() && owner != Owner::ShortDeadline;
        let patience = if all_there {
            Duration::from_millis(20)
        } else {
            PATIENCE
        };
        match timeout(patience, run.next_event()).await {
            Ok(Some(Ok(Event::Item(item)))) => {
                outputs.push(Output::Item(item));
                count += 1;
            }
            Ok(Some(Ok(Event::Message(text)))) => outputs.push(Output::Message(text.to_string())),
            Ok(Some(Ok(_))) => {}
            Ok(Some(Err(error))) => return (outputs, Got::failed(&error)),
            Ok(None) => {
                let got = match timeout(PATIENCE, run.report()).await {
                    Ok(Ok(report)) => Got::Complete(Box::new(report)),
                    Ok(Err(error)) => Got::Failed {
                        stage: String::new(),
                        item: None,
                        text: format!("only the report tells: {error:#}"),
                    },
                    Err(_) => Got::Stuck,
                };
                return (outputs, got);
            }
            Err(_) if all_there => {
                let cancelled = timeout(PATIENCE, run.cancel()).await;
                let got = cancelled.map_or(Got::Stuck, |()| Got::Never);
                return (outputs, got);
            }
            Err(_) => return (outputs, Got::Stuck),
        }
    }
}

/// Describes what is wrong with the result, if anything.
pub(super) fn judge(
    model: &Model,
    parts: &[Part],
    owner: Owner,
    mut items: Vec<u64>,
    got: &Got,
) -> Option<String> {
    let ordered = parts.iter().all(|part| part.keeps_order());
    let lossy = parts.iter().any(|part| part.loses_at_failure());
    let mut expected = model.items.clone();
    if !ordered {
        items.sort_unstable();
        expected.sort_unstable();
    }
    let is_in = |all: &[(&str, Option<u64>)], stage: &str, item: Option<u64>| {
        all.iter()
            .any(|(name, at)| *name == stage && (lossy || at.is_none() || *at == item))
    };
    // Whether everything before the end must have been output.
    let whole = match (&model.end, got) {
        (End::Done, Got::Complete(report)) => {
            if report.items != items.len() as u64 {
                return Some(format!("the report tells of {} items", report.items));
            }
            true
        }
        (End::Never, Got::Never) => true,
        // After the deadline, the items before a failure are not waited for.
        (End::Fails(all), Got::Failed { stage, item, .. }) if is_in(all, stage, *item) => {
            !lossy && owner != Owner::ShortDeadline
        }
        (_, Got::Failed { stage, item, .. }) if is_in(&model.maybe, stage, *item) => false,
        (_, Got::Stopped) if matches!(owner, Owner::Cancels(_) | Owner::Drops(_)) => false,
        (_, Got::Overdue) if owner == Owner::ShortDeadline => false,
        _ => {
            return Some(format!(
                "should end as {:?} (or {:?})",
                model.end, model.maybe
            ));
        }
    };
    let masked =
        matches!(got, Got::Failed { stage, item, .. } if is_in(&model.maybe, stage, *item));
    // More items than the model knows of may precede a failure that a later part can hide. Without
    // an order, it is not determined which items precede a failure.
    let unknown = masked || (!ordered && matches!(model.end, End::Fails(_)));
    let same = if whole {
        items == expected
    } else if unknown {
        true
    } else if ordered {
        expected.starts_with(&items)
    } else {
        is_subset(&items, &expected)
    };
    (!same).then(|| {
        let what = if whole { "" } else { "a part of " };
        format!("should give {what}{expected:?}")
    })
}

/// Whether the sorted `part` is in the sorted `all`, as often.
fn is_subset(part: &[u64], all: &[u64]) -> bool {
    let mut rest = all.iter();
    part.iter().all(|item| rest.any(|other| other == item))
}
