use super::super::{Given, Params, StageError};
use crate::worker::{Resource, ResourceType};

/// The parameters of a stage that also takes resources.
///
/// `R` is a list of [`Resource`]s: `(Resource<A>, (Resource<B>, ()))`.
#[derive(Clone, Debug)]
pub struct WithResources<P, R> {
    /// The parameters.
    pub params: P,
    /// The resources.
    pub resources: R,
}

impl<P: Params, R: ResourceList> Params for WithResources<P, R> {
    fn given(given: &Given<'_>) -> Result<Self, StageError> {
        Ok(Self {
            resources: R::given(given)?,
            params: P::given(given)?,
        })
    }
}

/// The list of resources that a stage takes.
pub trait ResourceList: Sized {
    /// Looks up the values.
    ///
    /// # Errors
    ///
    /// Fails if a value was not provided.
    fn given(given: &Given<'_>) -> Result<Self, StageError>;

    /// Adds the types of the resources.
    fn add_types(types: &mut Vec<ResourceType>);

    /// Returns their types.
    fn types() -> Vec<ResourceType> {
        let mut types = Vec::new();
        Self::add_types(&mut types);
        types
    }
}

impl ResourceList for () {
    fn given(_: &Given<'_>) -> Result<Self, StageError> {
        Ok(())
    }

    fn add_types(_: &mut Vec<ResourceType>) {}
}

impl<T, Rest> ResourceList for (Resource<T>, Rest)
where
    T: ?Sized + Send + Sync + 'static,
    Rest: ResourceList,
{
    fn given(given: &Given<'_>) -> Result<Self, StageError> {
        let missing = || StageError::no_resource(given.stage, ResourceType::of::<T>().name);
        let resource = given.resources.get().ok_or_else(missing)?;
        Ok((resource, Rest::given(given)?))
    }

    fn add_types(types: &mut Vec<ResourceType>) {
        types.push(ResourceType::of::<T>());
        Rest::add_types(types);
    }
}
