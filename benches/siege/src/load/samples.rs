use anyhow::Result;
use serde::Serialize;

use crate::engine::EngineProcess;

/// Samples of the resources that the engine uses.
#[derive(Default)]
pub(super) struct Samples {
    resident_mib: Vec<f64>,
    descriptors: Vec<f64>,
}

/// A figure over time.
#[derive(Debug, Serialize)]
pub(super) struct Course {
    pub(super) samples: usize,
    /// The means of the first quarter, of the middle half and of the last quarter.
    pub(super) first: f64,
    pub(super) middle: f64,
    pub(super) last: f64,
    pub(super) most: f64,
}

impl Samples {
    pub(super) fn look(&mut self, engine: &EngineProcess) -> Result<()> {
        self.resident_mib.push(engine.resident_mib()?);
        self.descriptors.push(engine.descriptors()? as f64);
        Ok(())
    }

    pub(super) fn resident_mib(&self) -> Course {
        Course::of(&self.resident_mib)
    }

    pub(super) fn descriptors(&self) -> Course {
        Course::of(&self.descriptors)
    }
}

impl Course {
    fn of(figures: &[f64]) -> Self {
        let quarter = figures.len() / 4;
        let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len().max(1) as f64;
        Self {
            samples: figures.len(),
            first: mean(&figures[..quarter]),
            middle: mean(&figures[quarter..figures.len() - quarter]),
            last: mean(&figures[figures.len() - quarter..]),
            most: figures.iter().copied().fold(0.0, f64::max),
        }
    }

    /// Growth from the middle to the last quarter.
    pub(super) fn growth(&self) -> f64 {
        self.last - self.middle
    }

    /// Whether it grew by less than a twentieth and `grain`, its permitted variation.
    pub(super) fn is_flat(&self, grain: f64) -> bool {
        self.growth() <= self.middle / 20.0 + grain
    }
}
