//! Resources of a pipeline.

use std::sync::Arc;

use super::pipeline::Pipeline;
use crate::worker::Resources;

impl<P> Pipeline<P> {
    /// Provides a value to the stages of this pipeline that run in this process, as their argument
    /// `&Resource<T>`. It is used instead of the [worker's](Worker::provide).
    ///
    /// A run fails at its start, with the name of the type, if a stage takes a value that nobody
    /// provided. A stage on another worker takes that worker's. See [`Resource`](crate::Resource).
    pub fn provide<T: Send + Sync + 'static>(self, value: T) -> Self {
        self.provide_shared(Arc::new(value))
    }

    /// As [`provide`](Self::provide), for a value that is shared already, or for a trait object.
    pub fn provide_shared<T: ?Sized + Send + Sync + 'static>(mut self, value: Arc<T>) -> Self {
        self.settings.resources.insert(value);
        self
    }

    pub(crate) fn provide_all(mut self, resources: Resources) -> Self {
        self.settings.resources.absorb(resources);
        self
    }
}
