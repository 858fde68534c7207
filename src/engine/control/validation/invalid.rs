use std::sync::Arc;

use super::super::FunctionRefused;
use super::super::calls::delivery::{Deliveries, deliver_result};
use super::super::member::Member;
use crate::wire::{ErrorBody, InvocationResult, salvage};

impl Member<'_> {
    /// Notifies the waiting party that a message is not valid JSON.
    pub(in crate::engine::control) fn invalid(
        &self,
        json: &str,
        problem: &str,
        out: &mut Deliveries,
    ) {
        let Some(found) = self.costly(|| salvage(json)) else {
            return;
        };
        match (found.kind.as_str(), found.invocation_id, found.id) {
            ("invocationresult", Some(invocation_id), _) => {
                let message = format!("the answer of the worker is not valid JSON: {problem}");
                let error = ErrorBody::new(ErrorBody::SERIALIZATION_ERROR, message);
                self.result(InvocationResult::failed(invocation_id, error), out);
            }
            ("invokefunction", Some(invocation_id), _) => {
                let message = format!("the call is not valid JSON: {problem}");
                let error = ErrorBody::new(ErrorBody::DESERIALIZATION_ERROR, message);
                let mut answer = InvocationResult::failed(invocation_id, error);
                answer.function_id = found.function_id.unwrap_or_default();
                deliver_result(Arc::clone(&self.outbox), answer, out);
            }
            ("registerfunction", _, Some(function_id)) => {
                let problem = problem.to_owned();
                let refused = FunctionRefused::Invalid {
                    function_id,
                    problem,
                };
                self.reject(refused, out);
            }
            _ => {}
        }
    }
}
