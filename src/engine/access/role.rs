use super::pattern::Pattern;
use crate::wire::builtin;

/// What a token lets its bearer do: which functions to register, which to trigger, and whether to
/// create channels.
///
/// A new role allows nothing but to connect. A worker that only serves stages needs no right to
/// create channels: the ends that it opens come as refs with each call. Whoever runs a pipeline
/// needs it. In a pattern each `*` stands for any characters.
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
    /// May connect, and nothing else.
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
    /// such as `engine::functions::list`. A pattern that describes `engine::channels::create` is
    /// the right to create channels.
    #[must_use]
    pub fn trigger(mut self, pattern: impl Into<String>) -> Self {
        self.trigger.push(Pattern::new(pattern));
        self
    }

    /// May create channels, too.
    #[must_use]
    pub fn create_channels(self) -> Self {
        self.trigger(builtin::CHANNELS_CREATE)
    }

    /// Whether a call of `function_id` is carried out. Announcing itself is part of connecting.
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
