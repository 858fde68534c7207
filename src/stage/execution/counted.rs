//! Counts the stages of a run within one process, in the order of the stream.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::super::fused::local_stats::{Counted, PartIndex};
use super::context::StageContext;

impl StageContext {
    /// Counts the outputs of this stage, for the report of a run within one process.
    pub(crate) fn local_stats<S>(&self, stream: S) -> Counted<S> {
        Counted::new(stream, self.add_to_tally(self.inputs()))
    }

    /// Adds this stage, whose outputs are counted in its branches, and returns its index.
    pub(crate) fn tally_fork(&self) -> Option<PartIndex> {
        self.add_to_tally(self.inputs());
        self.parts().last()
    }

    /// Counts the outputs of this stage, whose inputs are `inputs`.
    pub(crate) fn tally_behind<S>(&self, inputs: Vec<PartIndex>, stream: S) -> Counted<S> {
        Counted::new(stream, self.add_to_tally(inputs))
    }

    /// Adds this stage, whose inputs are `inputs`, and returns the counter of its outputs.
    pub(crate) fn add_to_tally(&self, inputs: Vec<PartIndex>) -> Arc<AtomicU64> {
        // A source has only the metadata of the run; other stages forward that of their input.
        let metadata = self.output_metadata().cloned().unwrap_or_else(|| {
            let metadata = self.stream_metadata();
            if inputs.is_empty() {
                let own = metadata.another();
                own.set(None);
                return own;
            }
            metadata.clone()
        });
        self.parts()
            .add_stage(self.stage(), inputs, self.counts(), metadata)
    }

    /// The part before this stage in a chain.
    fn inputs(&self) -> Vec<PartIndex> {
        self.parts().last().into_iter().collect()
    }
}
