//! The calls of a [`Worker`].

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::super::{CallError, Trigger, Worker};

impl Worker {
    /// Creates a call; see [`Trigger`] for its settings and for how to start it.
    ///
    /// The payload is serialised immediately. It may contain channel refs at any position.
    pub fn trigger<P: Serialize + ?Sized>(
        &self,
        function_id: impl Into<String>,
        payload: &P,
    ) -> Trigger<'_> {
        Trigger::new(self, function_id.into(), payload)
    }

    /// Calls a function and waits for its result. Short for `trigger(..).call()`.
    ///
    /// # Errors
    ///
    /// See [`Trigger::call`].
    ///
    /// # Cancel safety
    ///
    /// See [`Trigger::call`].
    pub async fn call<R: DeserializeOwned>(
        &self,
        function_id: impl Into<String>,
        payload: &(impl Serialize + ?Sized),
    ) -> Result<R, CallError> {
        self.trigger(function_id, payload).call().await
    }
}
