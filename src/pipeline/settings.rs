use std::time::Duration;

use serde_json::Value;

use crate::codec::ItemLimits;
use crate::stage::{Service, StageError};
use crate::worker::{ResourceType, Resources, Worker};

/// Settings for the runs of a pipeline.
#[derive(Debug, Default)]
pub(super) struct Settings {
    pub(super) deadline: Option<Duration>,
    pub(super) metadata: Option<Value>,
    pub(super) progress_interval: Option<Duration>,
    pub(super) limits: Option<ItemLimits>,
    pub(super) resources: Resources,
    /// The resources that the stages take, each with the id of the stage.
    needed: Vec<(String, ResourceType)>,
}

impl Settings {
    /// Takes over the settings of a pipeline that becomes part of this one.
    pub(super) fn absorb(&mut self, part: Self) {
        let earlier = |a: Option<Duration>, b: Option<Duration>| a.into_iter().chain(b).min();
        self.deadline = earlier(self.deadline, part.deadline);
        self.progress_interval = earlier(self.progress_interval, part.progress_interval);
        self.metadata = self.metadata.take().or(part.metadata);
        self.limits = self.limits.or(part.limits);
        self.resources.absorb(part.resources);
        self.needed.extend(part.needed);
    }

    /// Records the resources that `stage` takes.
    pub(super) fn needs(&mut self, stage: &impl Service) {
        let types = stage.resource_types().into_iter();
        let id = stage.service_id();
        self.needed.extend(types.map(|needed| (id.clone(), needed)));
    }

    /// Records that the operator `name` takes a resource.
    pub(super) fn needs_type(&mut self, name: &str, needed: ResourceType) {
        self.needed.push((name.to_owned(), needed));
    }

    /// The reason why a run cannot start: a stage takes a resource that was not provided.
    pub(super) fn missing(&self, worker: Option<&Worker>) -> Option<StageError> {
        let of_worker = worker.map(Worker::resources).unwrap_or_default();
        let provided = |needed| self.resources.contains(needed) || of_worker.contains(needed);
        let missing = self.needed.iter().find(|(_, needed)| !provided(*needed));
        missing.map(|(stage, needed)| StageError::no_resource(stage, needed.name))
    }
}
