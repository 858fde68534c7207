use super::pattern::Pattern;
use crate::wire::builtin;

/// The permissions of a token: which functions its bearer may register and trigger, and whether it
/// may create channels.
///
/// A new role allows only connecting. A worker that only serves stages needs no permission to
/// create channels, because it receives refs with each call. A client that runs pipelines needs it.
/// In a pattern, `*` matches any number of characters.
///
/// ```
/// use pipewright::{Engine, Role};
///
/// let engine = Engine::builder()
///     .bearer_token("may do everything")
///     .role("only serves", Role::new().register("thumbnails::*"))
///     .role("only calls", Role::new().trigger("thumbnails::*").trigger("engine::*::list"))
///     .role("runs pipelines", Role::new().trigger("thumbnails::*").create_channels());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Role {
    register: Vec<Pattern>,
    trigger: Vec<Pattern>,
}

impl Role {
    /// Creates a role that allows only connecting.
    pub fn new() -> Self {
        Self::default()
    }

    /// Allows everything.
    pub(in crate::engine) fn unlimited() -> Self {
        Self::new().register("*").trigger("*")
    }

    /// Also allows registering functions that match `pattern`.
    #[must_use]
    pub fn register(mut self, pattern: impl Into<String>) -> Self {
        self.register.push(Pattern::new(pattern));
        self
    }

    /// Also allows triggering functions that match `pattern`, including functions of the engine
    /// such as `engine::functions::list`. A pattern that matches `engine::channels::create` allows
    /// creating channels.
    #[must_use]
    pub fn trigger(mut self, pattern: impl Into<String>) -> Self {
        self.trigger.push(Pattern::new(pattern));
        self
    }

    /// Also allows creating channels.
    #[must_use]
    pub fn create_channels(self) -> Self {
        self.trigger(builtin::CHANNELS_CREATE)
    }

    /// Whether a call of `function_id` is allowed. Announcing a worker is part of connecting.
    pub(in crate::engine) fn may_call(&self, function_id: &str) -> bool {
        function_id == builtin::WORKERS_REGISTER || self.may_trigger(function_id)
    }

    pub(in crate::engine) fn may_register(&self, function_id: &str) -> bool {
        self.register
            .iter()
            .any(|pattern| pattern.matches(function_id))
    }

    pub(in crate::engine) fn may_trigger(&self, function_id: &str) -> bool {
        self.trigger
            .iter()
            .any(|pattern| pattern.matches(function_id))
    }
}
