use std::any::{Any, TypeId, type_name};
use std::collections::HashMap;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// A value that stages share, such as a client, a connection pool or a table.
///
/// A stage takes it as the argument `&Resource<T>`. [`Worker::provide`](crate::Worker::provide)
/// provides it to all runs of a worker, and [`Pipeline::provide`](crate::Pipeline::provide) to the
/// runs of one pipeline. It dereferences to `T`. Clones are cheap and refer to the same value.
///
/// # Example
///
/// ```
/// # #[cfg(feature = "macros")]
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> pipewright::Result<()> {
/// use std::collections::HashMap;
/// use pipewright::{Pipeline, Resource, pipeline_stage};
///
/// struct Countries(HashMap<String, String>);
///
/// #[pipeline_stage(concurrency = 4)]
/// async fn country(city: String, countries: &Resource<Countries>) -> Option<String> {
///     countries.0.get(&city).cloned()
/// }
///
/// let known = HashMap::from([("Oslo".to_owned(), "Norway".to_owned())]);
/// let run = Pipeline::from_iter(["Oslo".to_owned()])
///     .then(country)
///     .provide(Countries(known))
///     .run_local();
/// assert_eq!(run.collect::<Vec<String>>().await?, ["Norway"]);
/// # Ok(()) }
/// # #[cfg(not(feature = "macros"))]
/// # fn main() {}
/// ```
pub struct Resource<T: ?Sized>(Arc<T>);

impl<T: ?Sized> Resource<T> {
    /// Returns the shared value; the inverse is `Resource::from`.
    pub fn into_inner(self) -> Arc<T> {
        self.0
    }
}

impl<T: ?Sized> From<Arc<T>> for Resource<T> {
    fn from(shared: Arc<T>) -> Self {
        Self(shared)
    }
}

impl<T: ?Sized> Deref for Resource<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: ?Sized> Clone for Resource<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// Prints only the type, because a value may contain secrets.
impl<T: ?Sized> fmt::Debug for Resource<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Resource<{}>", type_name::<T>())
    }
}

/// A type of resource that a stage needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResourceType {
    id: TypeId,
    /// The name of the type.
    pub(crate) name: &'static str,
}

impl ResourceType {
    /// The type `T`.
    pub fn of<T: ?Sized + 'static>() -> Self {
        Self {
            id: TypeId::of::<T>(),
            name: type_name::<T>(),
        }
    }
}

/// Provided values, one for each type.
#[derive(Clone, Default)]
pub(crate) struct Resources {
    /// Each is an `Arc` of the type that is its key.
    values: HashMap<TypeId, Arc<dyn Any + Send + Sync>>,
}

impl Resources {
    /// Adds a value and replaces an earlier one of its type.
    pub(crate) fn insert<T: ?Sized + Send + Sync + 'static>(&mut self, value: Arc<T>) {
        self.values.insert(TypeId::of::<T>(), Arc::new(value));
    }

    /// Adds the values whose types are not present yet.
    pub(crate) fn absorb(&mut self, other: Self) {
        for (id, value) in other.values {
            self.values.entry(id).or_insert(value);
        }
    }

    pub(crate) fn get<T: ?Sized + Send + Sync + 'static>(&self) -> Option<Resource<T>> {
        let value = self.values.get(&TypeId::of::<T>())?;
        value.downcast_ref::<Arc<T>>().cloned().map(Resource)
    }

    pub(crate) fn contains(&self, needed: ResourceType) -> bool {
        self.values.contains_key(&needed.id)
    }
}

impl fmt::Debug for Resources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resources")
            .field("types", &self.values.len())
            .finish()
    }
}
