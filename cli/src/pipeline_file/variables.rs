//! Environment variables in the strings of a file: `${NAME}`, `${NAME:-default}`, and `$$` for `$`.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::mistake::Mistake;

/// Looks up a variable; `None` if it is not set.
pub(super) type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Replaces the variables in every string of a document. `text` is the document.
pub(super) fn substitute(
    document: &mut DeTable<'_>,
    text: &str,
    variables: Variables<'_>,
    mistakes: &mut Vec<Mistake>,
) {
    for (_, value) in document.iter_mut() {
        in_value(value, text, variables, mistakes);
    }
}

fn in_value(
    value: &mut Spanned<DeValue<'_>>,
    text: &str,
    variables: Variables<'_>,
    mistakes: &mut Vec<Mistake>,
) {
    let span = value.span();
    match value.get_mut() {
        DeValue::String(content) if content.contains('$') => match expand(content, variables) {
            Ok(expanded) => *content = expanded.into(),
            Err(problem) => mistakes.push(problem.at(text, span)),
        },
        DeValue::Array(values) => {
            for value in values.iter_mut() {
                in_value(value, text, variables, mistakes);
            }
        }
        DeValue::Table(table) => substitute(table, text, variables, mistakes),
        _ => {}
    }
}

/// Why a string cannot be expanded.
#[derive(Debug, PartialEq, Eq)]
struct Problem {
    message: String,
    /// The expression, from its `${`.
    expression: String,
}

impl Problem {
    fn new(expression: &str, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            expression: expression.to_owned(),
        }
    }

    /// The mistake at the expression within the value at `span`.
    fn at(self, text: &str, span: Range<usize>) -> Mistake {
        let raw = text.get(span.clone()).unwrap_or_default();
        // A text with escapes may contain the expression in another form.
        let span = match raw.find(&self.expression) {
            Some(at) => span.start + at..span.start + at + self.expression.len(),
            None => span,
        };
        Mistake::new(span, self.message).hint(
            "write `${NAME}` for a variable, `${NAME:-default}` if it may not be set, and `$$` for \
             a dollar sign",
        )
    }
}

/// Replaces the variables in a string. The result is not expanded again.
fn expand(text: &str, variables: Variables<'_>) -> Result<String, Problem> {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        expanded.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix("$$") {
            expanded.push('$');
            rest = after;
        } else if let Some(inner) = rest.strip_prefix("${") {
            let Some((inner, after)) = inner.split_once('}') else {
                return Err(Problem::new(rest, "this `${` has no `}`"));
            };
            let expression = &rest[..rest.len() - after.len()];
            expanded.push_str(&value(inner, expression, variables)?);
            rest = after;
        } else {
            expanded.push('$');
            rest = &rest[1..];
        }
    }
    expanded.push_str(rest);
    Ok(expanded)
}

/// The value of `NAME` or `NAME:-default`.
fn value(inner: &str, expression: &str, variables: Variables<'_>) -> Result<String, Problem> {
    let (name, default) = match inner.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (inner, None),
    };
    let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && name.starts_with(|c: char| !c.is_ascii_digit());
    if !is_name {
        let message = format!("`{name}` is not the name of a variable");
        return Err(Problem::new(expression, message));
    }
    if default.is_some_and(|default| default.contains("${")) {
        let message = "a default cannot contain another variable";
        return Err(Problem::new(expression, message));
    }
    match (variables(name), default) {
        (Some(value), _) => Ok(value),
        (None, Some(default)) => Ok(default.to_owned()),
        (None, None) => {
            let message = format!("the environment variable {name} is not set");
            Err(Problem::new(expression, message))
        }
    }
}

/// The variables of this process. A variable without a value counts as not set.
pub(super) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::expand;

    fn expanded(text: &str) -> Result<String, String> {
        let variables = |name: &str| (name == "A_1").then(|| "${B}".to_owned());
        expand(text, &variables).map_err(|problem| problem.message)
    }

    #[test]
    fn variables_and_defaults_are_replaced() {
        for (text, expected) in [
            ("", ""),
            ("a $ b $A_1 c$", "a $ b $A_1 c$"),
            ("${A_1}", "${B}"),
            ("<${A_1}${A_1:-x}${B:-y z}${B:-}>", "<${B}${B}y z>"),
            ("$$", "$"),
            ("$${A_1} $$$${A_1}", "${A_1} $${A_1}"),
            ("$$${A_1}", "$${B}"),
        ] {
            assert_eq!(expanded(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_replaced_is_an_error() {
        for (text, expected) in [
            ("${B}", "the environment variable B is not set"),
            ("x ${A_1", "this `${` has no `}`"),
            ("${}", "`` is not the name of a variable"),
            ("${1A}", "`1A` is not the name of a variable"),
            ("${A B}", "`A B` is not the name of a variable"),
            ("${B:-${A_1}}", "a default cannot contain another variable"),
        ] {
            assert_eq!(expanded(text), Err(expected.to_owned()), "{text}");
        }
    }
}
