use std::fmt;

use serde::Serialize;

/// The target of a ratio.
#[derive(Clone, Copy)]
pub(crate) enum Target {
    AtLeast(f64),
    AtMost(f64),
}

impl Target {
    fn is_met(self, value: f64) -> bool {
        match self {
            Self::AtLeast(bound) => value >= bound,
            Self::AtMost(bound) => value <= bound,
        }
    }

    fn bound(self) -> f64 {
        match self {
            Self::AtLeast(bound) | Self::AtMost(bound) => bound,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(bound) => write!(f, ">= {bound}"),
            Self::AtMost(bound) => write!(f, "<= {bound}"),
        }
    }
}

/// One line of the table.
#[derive(Serialize)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) unit: &'static str,
    /// Medians.
    pub(crate) ours: f64,
    pub(crate) peer: Option<f64>,
    /// Our figure divided by the peer's, by round; without a peer, divided by the target.
    pub(crate) ratio_min: Option<f64>,
    pub(crate) ratio_median: Option<f64>,
    pub(crate) ratio_max: Option<f64>,
    pub(crate) target: Option<String>,
    pub(crate) met: Option<bool>,
}

impl Row {
    /// Our figure and a peer's; the target is for the median of their ratios.
    pub(crate) fn versus(
        name: impl Into<String>,
        unit: &'static str,
        ours: &[f64],
        peer: &[f64],
        target: Option<Target>,
    ) -> Self {
        let ratios: Vec<f64> = ours
            .iter()
            .zip(peer)
            .map(|(ours, peer)| ours / peer)
            .collect();
        Self {
            peer: Some(median(peer)),
            met: target.map(|target| target.is_met(median(&ratios))),
            ..Self::of(name, unit, ours, Some(&ratios), target)
        }
    }

    /// Our figure alone; the target is for its median.
    pub(crate) fn alone(
        name: impl Into<String>,
        unit: &'static str,
        ours: &[f64],
        target: Option<Target>,
    ) -> Self {
        let ratios = target.map(|target| {
            let ratios = ours.iter().map(|ours| ours / target.bound());
            ratios.collect::<Vec<_>>()
        });
        Self {
            met: target.map(|target| target.is_met(median(ours))),
            ..Self::of(name, unit, ours, ratios.as_deref(), target)
        }
    }

    fn of(
        name: impl Into<String>,
        unit: &'static str,
        ours: &[f64],
        ratios: Option<&[f64]>,
        target: Option<Target>,
    ) -> Self {
        Self {
            name: name.into(),
            unit,
            ours: median(ours),
            peer: None,
            ratio_min: ratios.map(|ratios| ratios.iter().copied().fold(f64::INFINITY, f64::min)),
            ratio_median: ratios.map(median),
            ratio_max: ratios.map(|ratios| ratios.iter().copied().fold(0.0, f64::max)),
            target: target.map(|target| target.to_string()),
            met: None,
        }
    }
}

/// The median.
pub(crate) fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        len if len % 2 == 1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}
