use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value};

use super::super::{Handler, RegisterError, Registration, Worker};
use super::handler::{Function, Typed};
use crate::wire::{ControlMessage, Payload, RegisterFunction, Text, builtin};

/// The metadata member of a shared function.
const SHARED: &str = "shared";

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
    /// register it wait until that one leaves.
    ///
    /// It travels as the member `"shared": true` of the metadata, which must be an object or
    /// absent. Only pipewright's engine shares functions; with another engine, the workers serve it
    /// one after another.
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

/// The registration as it is sent.
pub(in crate::worker) fn encode(
    fields: &mut RegisterFunction,
    shared: bool,
) -> Result<Text, serde_json::Error> {
    if shared {
        let metadata = fields.metadata.take();
        fields.metadata = Some(with_shared(&metadata.unwrap_or_default())?);
    }
    ControlMessage::RegisterFunction(fields.clone()).encode()
}

/// The metadata of a shared function.
fn with_shared(metadata: &Payload) -> Result<Payload, serde_json::Error> {
    let mut members: Option<Map<String, Value>> = metadata.parse()?;
    let members = members.get_or_insert_default();
    members.insert(SHARED.to_owned(), true.into());
    Payload::new(members)
}
