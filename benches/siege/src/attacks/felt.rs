use serde::Serialize;

/// The effect on others in turns of one kind: medians, and sums of counts.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Felt {
    /// Bytes per second of the endless stream.
    pub(super) throughput: f64,
    pub(super) call_ms: f64,
    pub(super) call_high_ms: f64,
    pub(super) newcomer_ms: f64,
    pub(super) newcomers: usize,
    pub(super) failed: usize,
    pub(super) reason: Option<String>,
}

impl Felt {
    /// Combines all turns of one kind.
    pub(super) fn of(turns: &[Self]) -> Self {
        let middle = |figure: fn(&Self) -> f64| {
            let mut figures: Vec<f64> = turns.iter().map(figure).collect();
            figures.sort_by(f64::total_cmp);
            figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
        };
        Self {
            throughput: middle(|turn| turn.throughput),
            call_ms: middle(|turn| turn.call_ms),
            call_high_ms: middle(|turn| turn.call_high_ms),
            newcomer_ms: middle(|turn| turn.newcomer_ms),
            newcomers: turns.iter().map(|turn| turn.newcomers).sum(),
            failed: turns.iter().map(|turn| turn.failed).sum(),
            reason: turns.iter().find_map(|turn| turn.reason.clone()),
        }
    }
}
