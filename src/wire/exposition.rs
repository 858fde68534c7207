use std::fmt::{Display, Write};

/// Metrics as they travel to whoever collects them: the text exposition format of Prometheus,
/// version 0.0.4.
#[derive(Debug, Default)]
pub(crate) struct Exposition(String);

impl Exposition {
    /// What an answer of HTTP calls it.
    pub(crate) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// A value that rises and falls.
    pub(crate) fn gauge(&mut self, name: &str, help: &str, value: impl Display) {
        // Writing to a text does not fail.
        let _ = write!(
            self.0,
            "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}\n"
        );
    }

    pub(crate) fn into_string(self) -> String {
        self.0
    }
}
