use std::sync::Arc;

use serde::Serialize;

use super::super::{Handler, RegisterError, Registration, Worker};
use super::frame::encode;
use super::handler::{Function, Typed};
use crate::wire::{Payload, RegisterFunction, builtin};

/// A function to be registered, with its description.
///
/// Created by [`Worker::function`]; [`register`](Self::register) registers it.
#[derive(Debug)]
#[must_use = "a function is registered by `.register(..)`"]
pub struct FunctionBuilder<'a> {
    worker: &'a Worker,
    fields: RegisterFunction,
    shared: bool,
    /// The error of the first descriptive value that JSON cannot represent.
    broken: Option<serde_json::Error>,
}

impl Worker {
    /// Registers a function without a description.
    ///
    /// Ids are usually written `service::function`. Each call runs in a task of its own. If the
    /// function panics, its caller receives an error with the code `invocation_failed`. If it
    /// cannot deserialise its payload, the code is `deserialization_error`.
    ///
    /// # Errors
    ///
    /// See [`FunctionBuilder::register`].
    pub fn register_function<Args, H>(
        &self,
        id: impl Into<String>,
        handler: H,
    ) -> Result<(), RegisterError>
    where
        H: Handler<Args>,
        Args: 'static,
    {
        self.function(id).register(handler)
    }

    /// Creates a function to be registered with a description, formats or metadata.
    pub fn function(&self, id: impl Into<String>) -> FunctionBuilder<'_> {
        FunctionBuilder::new(self, id.into())
    }
}

impl<'a> FunctionBuilder<'a> {
    pub(in crate::worker) fn new(worker: &'a Worker, id: String) -> Self {
        Self {
            worker,
            fields: RegisterFunction {
                id,
                description: None,
                request_format: None,
                response_format: None,
                metadata: None,
            },
            shared: false,
            broken: None,
        }
    }

    /// Describes the function for people.
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.fields.description = Some(text.into());
        self
    }

    /// Sets the JSON Schema of the payload.
    pub fn request_format<T: Serialize + ?Sized>(mut self, schema: &T) -> Self {
        self.fields.request_format = self.payload(schema);
        self
    }

    /// Sets the JSON Schema of the result.
    pub fn response_format<T: Serialize + ?Sized>(mut self, schema: &T) -> Self {
        self.fields.response_format = self.payload(schema);
        self
    }

    /// Sets additional data to register with the function.
    pub fn metadata<T: Serialize + ?Sized>(mut self, metadata: &T) -> Self {
        self.fields.metadata = self.payload(metadata);
        self
    }

    /// Shares the function with other workers that also register it as shared: each call goes to
    /// the least busy worker. Without this, the first worker serves the function, and others that
    /// register it wait until that worker disconnects.
    ///
    /// The setting is sent as the member `"shared": true` of the metadata, which must be an object
    /// or absent. Only pipewright's engine shares functions; with another engine, the workers serve
    /// it one after another.
    pub fn shared(mut self) -> Self {
        self.shared = true;
        self
    }

    fn payload<T: Serialize + ?Sized>(&mut self, value: &T) -> Option<Payload> {
        match Payload::new(value) {
            Ok(payload) => Some(payload),
            Err(error) => {
                self.broken.get_or_insert(error);
                None
            }
        }
    }

    /// Registers the function. The registration is sent immediately if the worker is connected, and
    /// again after each reconnect. The engine does not acknowledge it.
    ///
    /// # Errors
    ///
    /// * [`Blank`](RegisterError::Blank) and [`Reserved`](RegisterError::Reserved) for an invalid
    ///   id.
    /// * [`Duplicate`](RegisterError::Duplicate) if this worker has already registered the id.
    /// * [`Description`](RegisterError::Description) if metadata or a format cannot be represented
    ///   in JSON.
    /// * [`TooLarge`](RegisterError::TooLarge) if the registration exceeds the engine's message
    ///   limit.
    /// * [`Closed`](RegisterError::Closed) if the worker is closed.
    ///
    /// If *another* worker has the id, the engine reports that later: see [`Worker::rejections`].
    pub fn register<Args, H>(self, handler: H) -> Result<(), RegisterError>
    where
        H: Handler<Args>,
        Args: 'static,
    {
        self.registration(handler).map(|_| ())
    }

    /// Registers the function, for [`Registration::shared`].
    pub(crate) fn registration<Args, H>(mut self, handler: H) -> Result<Registration, RegisterError>
    where
        H: Handler<Args>,
        Args: 'static,
    {
        let function_id = self.fields.id.clone();
        if function_id.trim().is_empty() {
            return Err(RegisterError::Blank);
        }
        if function_id.starts_with(builtin::PREFIX) {
            return Err(RegisterError::Reserved { function_id });
        }
        let encoded = match self.broken {
            Some(error) => Err(error),
            None => encode(&mut self.fields, self.shared),
        };
        match encoded {
            Ok(frame) => {
                let function: Arc<dyn Function> = Arc::new(Typed::new(handler));
                let shared = self.worker.shared();
                shared.register(function_id, frame, &function)?;
                Ok(Registration::new(Arc::clone(shared), self.fields))
            }
            Err(source) => Err(RegisterError::Description {
                function_id,
                source,
            }),
        }
    }
}
