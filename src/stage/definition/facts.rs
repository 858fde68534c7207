use futures::future::{BoxFuture, FutureExt};
use serde_json::Value;

use super::super::{
    Ends, KeepsOrder, Placement, Stage, StageContext, StageError, StageInfo, StageReport,
};
use crate::worker::ResourceType;

/// Everything known about a stage except its types and its code.
///
/// It is one value, so that a wrapper forwards all of it: [`Stage::facts`] has no default.
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

/// One stage of a composed stage: a node of a run over channels.
pub struct Part {
    pub(crate) facts: StageFacts,
    pub(crate) code: PartCode,
}

/// Runs a part between the ends of its channels.
pub(crate) type PartCode = Box<
    dyn FnOnce(Ends, StageContext) -> BoxFuture<'static, Result<StageReport, StageError>> + Send,
>;

impl Part {
    /// The only part of a stage that is not composed.
    pub fn of<S: Stage>(stage: S) -> Vec<Self> {
        let facts = stage.facts();
        let code = move |ends, context| stage.serve(ends, context).boxed();
        vec![Self {
            facts,
            code: Box::new(code),
        }]
    }

    /// Returns the part with these parameters.
    fn configured(self, params: &Value) -> Self {
        let (params, code) = (params.clone(), self.code);
        Self {
            facts: self.facts.configured(params.clone()),
            code: Box::new(move |ends, context| code(ends, context.configured(&params))),
        }
    }

    /// Sets the parameters of a stage that consists of `parts`.
    ///
    /// A single stage uses the last parameters that were set. Among several parts, those that take
    /// parameters and have none of their own get them. If no part takes any, the first one refuses
    /// them.
    pub(in crate::stage) fn configure(parts: Vec<Self>, params: &Value) -> Vec<Self> {
        let single = parts.len() == 1;
        let taken = parts.iter().any(|part| part.facts.takes_params);
        let parts = parts.into_iter().enumerate().map(|(at, part)| {
            let own = !part.facts.params.is_null();
            let takes = part.facts.takes_params || (!taken && at == 0);
            if single || (takes && !own) {
                part.configured(params)
            } else {
                part
            }
        });
        parts.collect()
    }
}
