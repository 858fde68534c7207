use std::future::Future;
use std::marker::PhantomData;

use async_trait::async_trait;
use serde::de::DeserializeOwned;

use super::super::{FunctionError, FunctionOutput, Invocation};
use crate::wire::{ErrorBody, Payload};

/// A function that can be registered: `async |input: In| -> Out`, optionally with the
/// [`Invocation`] as a second argument.
///
/// `In` is any type that deserialises; [`Payload`] and [`serde_json::Value`] receive the payload
/// unchanged. `Out` is a [`FunctionOutput`]. `Args` distinguishes the two forms and is inferred.
///
/// The function may run many times concurrently, so its captured state is shared. An `async`
/// closure that borrows captured state is not supported. Clone it into an `async move` block: `move
/// |input: In| { let shared = shared.clone(); async move { .. } }`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be registered as a function",
    note = "the shapes are `async |input: In| -> Result<Out, E>` and `async |input: In, invocation: Invocation| -> Result<Out, E>`",
    note = "`In: DeserializeOwned + Send`, the arguments' types written out, and a future that is `Send`",
    note = "an `async` closure may not borrow what it captured: clone into an `async move` block"
)]
pub trait Handler<Args>: Send + Sync + 'static {
    /// Runs one call.
    #[doc(hidden)]
    fn call(
        &self,
        payload: Payload,
        invocation: Invocation,
    ) -> impl Future<Output = Result<Payload, FunctionError>> + Send;
}

impl<F, Fut, In> Handler<(In,)> for F
where
    F: Fn(In) -> Fut + Send + Sync + 'static,
    Fut: Future<Output: FunctionOutput> + Send,
    In: DeserializeOwned + Send,
{
    async fn call(
        &self,
        payload: Payload,
        invocation: Invocation,
    ) -> Result<Payload, FunctionError> {
        let input = read(&payload, &invocation)?;
        // The text is no longer needed, and the function may run for a long time.
        drop(payload);
        self(input).await.into_outcome()
    }
}

impl<F, Fut, In> Handler<(In, Invocation)> for F
where
    F: Fn(In, Invocation) -> Fut + Send + Sync + 'static,
    Fut: Future<Output: FunctionOutput> + Send,
    In: DeserializeOwned + Send,
{
    async fn call(
        &self,
        payload: Payload,
        invocation: Invocation,
    ) -> Result<Payload, FunctionError> {
        let input = read(&payload, &invocation)?;
        drop(payload);
        self(input, invocation).await.into_outcome()
    }
}

/// Deserialises the payload. After a failure it is deserialised again to find the position of the
/// error, so that the common case costs nothing.
fn read<In: DeserializeOwned>(
    payload: &Payload,
    invocation: &Invocation,
) -> Result<In, FunctionError> {
    payload.parse().map_err(|error| {
        let json = &mut serde_json::Deserializer::from_str(payload.as_json());
        let (path, reason) = match serde_path_to_error::deserialize::<_, In>(json) {
            Err(located) => (located.path().to_string(), located.into_inner()),
            Ok(_) => (".".to_owned(), error),
        };
        let place = if path == "." {
            String::new()
        } else {
            format!(" at `{path}`")
        };
        FunctionError::new(
            ErrorBody::DESERIALIZATION_ERROR,
            format!(
                "function `{}` cannot read its payload{place}: {reason}",
                invocation.function_id()
            ),
        )
    })
}

/// A type-erased handler, as stored in the registry.
#[async_trait]
pub(in crate::worker) trait Function: Send + Sync {
    async fn invoke(
        &self,
        payload: Payload,
        invocation: Invocation,
    ) -> Result<Payload, FunctionError>;
}

/// Erases the types of a handler.
pub(in crate::worker) struct Typed<H, Args> {
    handler: H,
    args: PhantomData<fn(Args)>,
}

impl<H, Args> Typed<H, Args> {
    pub(in crate::worker) fn new(handler: H) -> Self {
        Self {
            handler,
            args: PhantomData,
        }
    }
}

#[async_trait]
impl<H, Args> Function for Typed<H, Args>
where
    H: Handler<Args>,
    Args: 'static,
{
    async fn invoke(
        &self,
        payload: Payload,
        invocation: Invocation,
    ) -> Result<Payload, FunctionError> {
        self.handler.call(payload, invocation).await
    }
}
