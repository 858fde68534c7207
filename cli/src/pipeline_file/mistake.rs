use std::fmt;
use std::ops::Range;
use std::path::Path;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use crate::exit::Exit;
use crate::failure::Failure;

/// An error in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mistake {
    pub(crate) message: String,
    /// Its position in bytes.
    pub(crate) span: Range<usize>,
    /// What to do about it.
    pub(crate) hint: Option<String>,
}

impl Mistake {
    pub(crate) fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            span,
            hint: None,
        }
    }

    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }
}

/// Errors as they are displayed: line, column, and the text with carets below it.
pub(super) struct Mistakes {
    shown: String,
    path: String,
    count: usize,
}

impl Mistakes {
    pub(super) fn new(path: &Path, text: &str, mistakes: &[Mistake]) -> Self {
        let renderer = if console::colors_enabled_stderr() {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        let path = path.display().to_string();
        let shown = mistakes
            .iter()
            .map(|mistake| show(&renderer, &path, text, mistake));
        Self {
            shown: shown.collect::<Vec<_>>().join("\n\n"),
            path,
            count: mistakes.len(),
        }
    }
}

fn show(renderer: &Renderer, path: &str, text: &str, mistake: &Mistake) -> String {
    let source = Snippet::source(text)
        .path(path)
        .annotation(AnnotationKind::Primary.span(first_line(text, &mistake.span)));
    let mut group = Level::ERROR.primary_title(&mistake.message).element(source);
    if let Some(hint) = &mistake.hint {
        let level = Level::HELP.with_name("hint");
        group = group.element(level.message(hint));
    }
    renderer.render(&[group])
}

/// The part of a position within its first line. An error in a table is shown at the start of the
/// table.
fn first_line(text: &str, span: &Range<usize>) -> Range<usize> {
    let start = span.start.min(text.len());
    let end = span.end.clamp(start, text.len());
    let lines = text.get(start..end).unwrap_or_default();
    let line = lines.lines().next().unwrap_or_default().trim_end();
    start..start + line.len()
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl From<Mistakes> for Failure {
    fn from(mistakes: Mistakes) -> Self {
        let count = match mistakes.count {
            1 => "a mistake".to_owned(),
            count => format!("{count} mistakes"),
        };
        let message = format!("{} has {count}", mistakes.path);
        Self::new(Exit::Usage, message).after(mistakes.to_string())
    }
}
