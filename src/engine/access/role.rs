use super::pattern::Pattern;

/// What a token lets its bearer do: which functions to register, and which to trigger.
///
/// A new role allows nothing but to connect and to make channels, as every role does: a stage
/// that is triggered needs no more to read and write. In a pattern each `*` stands for any
/// characters.
///
/// ```
/// use pipewright::{Engine, Role};
///
/// let engine = Engine::builder()
///     .bearer_token("may do everything")
///     .role("only serves", Role::new().register("thumbnails::*"))
///     .role("only calls", Role::new().trigger("thumbnails::*").trigger("engine::*::list"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Role {
    register: Vec<Pattern>,
    trigger: Vec<Pattern>,
}

impl Role {
    /// May connect and make channels.
    pub fn new() -> Self {
        Self::default()
    }

    /// May do everything.
    pub(in crate::engine) fn unlimited() -> Self {
        Self::new().register("*").trigger("*")
    }

    /// May register functions whose ids are as `pattern` says, too.
    #[must_use]
    pub fn register(mut self, pattern: impl Into<String>) -> Self {
        self.register.push(Pattern::new(pattern));
        self
    }

    /// May trigger functions whose ids are as `pattern` says, too; those of the engine among them,
    /// such as `engine::functions::list`.
    #[must_use]
    pub fn trigger(mut self, pattern: impl Into<String>) -> Self {
        self.trigger.push(Pattern::new(pattern));
        self
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
