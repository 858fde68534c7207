use futures::future::{BoxFuture, FutureExt};
use serde_json::Value;

use super::{Ends, KeepsOrder, Placement, Stage, StageContext, StageError, StageInfo, StageReport};

/// Everything that is known of a stage besides its types and its code.
///
/// It travels as one value, so that a stage around another one passes all of it on:
/// [`Stage::facts`] has no default.
#[derive(Clone, Debug)]
pub struct StageFacts {
    /// The id that workers register the stage by.
    pub id: String,
    /// What the stage says of itself where it is registered, its description included.
    pub info: StageInfo,
    /// Where it runs when a pipeline is started on channels.
    pub placement: Placement,
    /// The parameters that were chosen where the stage is used; `null` if none were.
    pub params: Value,
    /// Whether the stage has any use for parameters; `true` where that is not known.
    pub takes_params: bool,
    /// Whether its outputs are in the order of its items.
    pub order: KeepsOrder,
}

impl StageFacts {
    /// A stage that runs here, without parameters.
    pub fn new(id: impl Into<String>, info: StageInfo) -> Self {
        Self {
            id: id.into(),
            info,
            placement: Placement::Here,
            params: Value::Null,
            takes_params: false,
            order: KeepsOrder::Alone,
        }
    }

    /// Says whether the stage has an argument for parameters.
    #[must_use]
    pub fn taking_params(mut self, takes: bool) -> Self {
        self.takes_params = takes;
        self
    }

    /// Says whether the outputs are in the order of the items.
    #[must_use]
    pub fn keeping_order(mut self, order: KeepsOrder) -> Self {
        self.order = order;
        self.info.keeps_order = order == KeepsOrder::Yes;
        self
    }

    /// The same stage with these parameters.
    pub(crate) fn configured(self, params: Value) -> Self {
        Self { params, ..self }
    }

    /// The same stage on whichever worker has registered it.
    pub(crate) fn registered(self) -> Self {
        Self {
            placement: Placement::Registered,
            ..self
        }
    }
}

/// One of the stages that a composed stage is made of: a node of a run over channels.
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

    /// The part with these parameters.
    fn configured(self, params: &Value) -> Self {
        let (params, code) = (params.clone(), self.code);
        Self {
            facts: self.facts.configured(params.clone()),
            code: Box::new(move |ends, context| code(ends, context.configured(&params))),
        }
    }

    /// Gives parameters to a stage that is made of `parts`.
    ///
    /// A single stage has the ones given last. Of several, those get them that take any and have
    /// none of their own; if no part takes any, the first refuses them.
    pub(super) fn configure(parts: Vec<Self>, params: &Value) -> Vec<Self> {
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
