use serde::Serialize;

use super::attack::Attack;
use super::row::Row;

/// Maximum median latency of calls of others.
const CALL_MS: f64 = 50.0;

/// Number of lines that the log may grow by in a round.
const LOG_LINES: u64 = 100;

/// The failed criteria; empty if all were met. Before, the caller has checked that the engine is
/// alive and frees everything.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Verdict(Vec<String>);

impl Verdict {
    pub(super) fn of(attack: &Attack, row: &Row, quick: bool) -> Self {
        let mut faults = Vec::new();
        let mut check = |met: bool, fault: String| {
            if !met {
                faults.push(fault);
            }
        };
        let (share, growth) = (row.share(), row.growth_mib());
        check(
            quick || share >= attack.share,
            format!("other workers kept {share:.2} of their throughput"),
        );
        check(
            quick || row.war.call_ms <= CALL_MS,
            format!("a call took {:.0} ms", row.war.call_ms),
        );
        let reason = row.war.reason.as_deref().unwrap_or_default();
        check(
            row.war.failed == 0,
            format!("{} failed: {reason}", row.war.failed),
        );
        check(
            quick || row.war.newcomers > 0,
            "no new client was served".to_owned(),
        );
        check(
            growth <= attack.growth_mib,
            format!("the engine grew by {growth:.0} MiB"),
        );
        check(
            row.log_lines <= LOG_LINES * row.rounds as u64,
            format!("{} lines were logged", row.log_lines),
        );
        Self(faults)
    }

    pub(super) fn is_met(&self) -> bool {
        self.0.is_empty()
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.is_met() {
            return f.write_str("passed");
        }
        write!(f, "not: {}", self.0.join(", "))
    }
}
