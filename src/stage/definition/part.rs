use futures::future::BoxFuture;
use serde_json::Value;

use super::super::{Ends, StageContext, StageError, StageFacts, StageReport};

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
    /// A single stage uses the last parameters that were set. Among several parts, the parameters
    /// go to those that take parameters and have none yet. If no part takes any, the first one
    /// rejects them.
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
