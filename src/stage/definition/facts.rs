use serde_json::Value;

use super::super::{KeepsOrder, StageInfo};
use crate::worker::ResourceType;

/// Where a stage runs when a pipeline is started over channels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Placement {
    /// In the process that starts the pipeline.
    Here,
    /// On the worker that has registered it.
    Registered,
}

/// Everything known about a stage except its types and its code.
///
/// It is one value, so that a wrapper forwards all of it: [`Stage::facts`](super::super::Stage::facts) has no default.
#[derive(Clone, Debug)]
pub struct StageFacts {
    /// The id used for registration.
    pub id: String,
    /// The description that is registered with the stage.
    pub info: StageInfo,
    /// Where the stage runs when a pipeline is started over channels.
    pub placement: Placement,
    /// The parameters set where the stage is used; `null` if none were set.
    pub params: Value,
    /// Whether the stage uses parameters; `true` if unknown.
    pub takes_params: bool,
    /// Whether its outputs keep the order of its items.
    pub order: KeepsOrder,
    /// The types of the resources that it takes.
    pub resources: Vec<ResourceType>,
}

impl StageFacts {
    /// Describes a stage that runs here, without parameters.
    pub fn new(id: impl Into<String>, info: StageInfo) -> Self {
        Self {
            id: id.into(),
            info,
            placement: Placement::Here,
            params: Value::Null,
            takes_params: false,
            order: KeepsOrder::Alone,
            resources: Vec::new(),
        }
    }

    /// Sets whether the stage has an argument for parameters.
    #[must_use]
    pub fn taking_params(mut self, takes: bool) -> Self {
        self.takes_params = takes;
        self
    }

    /// Sets the types of the resources that the stage takes.
    #[must_use]
    pub fn taking_resources(mut self, types: Vec<ResourceType>) -> Self {
        self.resources = types;
        self
    }

    /// Sets whether the outputs keep the order of the items.
    #[must_use]
    pub fn keeping_order(mut self, order: KeepsOrder) -> Self {
        self.order = order;
        self.info.keeps_order = order == KeepsOrder::Yes;
        self
    }

    /// Returns the same stage with these parameters.
    pub(crate) fn configured(self, params: Value) -> Self {
        Self { params, ..self }
    }

    /// Returns the same stage on the worker that has registered it.
    pub(crate) fn registered(self) -> Self {
        Self {
            placement: Placement::Registered,
            // Its worker has its own.
            resources: Vec::new(),
            ..self
        }
    }
}
