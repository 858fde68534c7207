//! Rust sources as text: enough of the grammar to find imports, assuming that rustfmt has formatted
//! the sources.

use std::fs;
use std::path::Path;

/// The root of the repository.
pub(super) const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A source file.
pub(super) struct Source {
    /// Relative to the root, with `/` as separator.
    pub(super) path: String,
    pub(super) text: String,
}

/// A path that leads out of its file.
pub(super) struct Import {
    pub(super) line: usize,
    /// The first segment below the crate's root.
    pub(super) target: String,
}

/// All `.rs` files at or below these places, which may be missing.
pub(super) fn sources(places: &[&str]) -> Vec<Source> {
    let mut found = Vec::new();
    for place in places {
        collect(place, &mut found);
    }
    found
}

fn collect(place: &str, found: &mut Vec<Source>) {
    let path = Path::new(ROOT).join(place);
    if path.is_dir() {
        for entry in fs::read_dir(&path).unwrap() {
            let name = entry.unwrap().file_name();
            let name = name.to_str().unwrap();
            // Skips builds of nested packages.
            if name != "target" {
                collect(&format!("{place}/{name}"), found);
            }
        }
    } else if path.extension().is_some_and(|extension| extension == "rs") && path.exists() {
        found.push(Source::new(place, &fs::read_to_string(&path).unwrap()));
    }
}

impl Source {
    pub(super) fn new(path: &str, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    /// The top-level module that the file belongs to; `None` for the crate's root.
    pub(super) fn module(&self) -> Option<&str> {
        let path = self.path.strip_prefix("src/")?;
        let module = path.split('/').next()?;
        let module = module.strip_suffix(".rs").unwrap_or(module);
        (module != "lib").then_some(module)
    }

    /// The lines without comments and without the content of strings, numbered from 1.
    pub(super) fn code(&self) -> Vec<(usize, String)> {
        self.text
            .lines()
            .map(strip)
            .enumerate()
            .map(|(at, code)| (at + 1, code))
            .collect()
    }

    /// Number of `super` steps from the file's own module to the crate's root.
    fn depth(&self) -> usize {
        let steps = self.path.split('/').count() - 1;
        if self.path.ends_with("/mod.rs") {
            steps - 1
        } else {
            steps
        }
    }

    pub(super) fn imports(&self) -> Vec<Import> {
        let mut found = Vec::new();
        // The indentation of each open inline module.
        let mut inline: Vec<usize> = Vec::new();
        let lines = self.code();
        for (at, (line, code)) in lines.iter().enumerate() {
            let indentation = code.len() - code.trim_start().len();
            let trimmed = code.trim();
            if trimmed.contains("mod ") && trimmed.ends_with('{') {
                inline.push(indentation);
            } else if trimmed == "}" && inline.last() == Some(&indentation) {
                inline.pop();
            }
            if trimmed.starts_with("pub(in ") {
                continue;
            }
            let depth = self.depth() + inline.len();
            for start in starts(code) {
                // An import in braces may span several lines.
                let rest: Vec<&str> = lines[at + 1..].iter().map(|(_, c)| c.as_str()).collect();
                let path = format!("{}{}", &code[start..], rest.join(" "));
                for target in self.targets(&path, depth) {
                    found.push(Import {
                        line: *line,
                        target,
                    });
                }
            }
        }
        found
    }

    /// The module that a path starting with `crate::` or `super::` leads to.
    fn targets(&self, path: &str, depth: usize) -> Vec<String> {
        let mut rest = path;
        let mut steps = 0;
        while let Some(after) = rest.strip_prefix("super::") {
            rest = after;
            steps += 1;
        }
        if steps > 0 && steps < depth {
            return self.module().map(str::to_owned).into_iter().collect();
        }
        names(rest.strip_prefix("crate::").unwrap_or(rest))
    }
}

/// The positions in a line of code at which paths start; `super::super::` is one path.
fn starts(code: &str) -> Vec<usize> {
    let mut found: Vec<usize> = ["crate::", "super::"]
        .iter()
        .flat_map(|prefix| code.match_indices(prefix))
        .map(|(at, _)| at)
        .filter(|at| {
            let before = code[..*at].chars().next_back();
            !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
        })
        .collect();
    found.sort_unstable();
    found
}

/// The first names of a path, or of each path in a group.
fn names(rest: &str) -> Vec<String> {
    let Some(group) = rest.strip_prefix('{') else {
        return vec![first_name(rest)];
    };
    let mut found = Vec::new();
    let mut depth = 0;
    let mut begin = 0;
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            ',' if depth == 0 => {
                found.push(first_name(&group[begin..at]));
                begin = at + 1;
            }
            '}' if depth == 0 => {
                found.push(first_name(&group[begin..at]));
                break;
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
    found.retain(|name| !name.is_empty());
    found
}

fn first_name(path: &str) -> String {
    let path = path.trim_start();
    let end = path.find(|c: char| !c.is_alphanumeric() && c != '_');
    path[..end.unwrap_or(path.len())].to_owned()
}

/// A line without its comment and the content of its strings.
fn strip(line: &str) -> String {
    let mut code = String::with_capacity(line.len());
    let mut chars = line.chars().peekable();
    let mut in_string = false;
    while let Some(c) = chars.next() {
        match c {
            '\\' if in_string => {
                chars.next();
            }
            '"' => {
                in_string = !in_string;
                code.push(c);
            }
            '\'' if !in_string && chars.peek() == Some(&'"') => {
                // The character literal `'"'` does not start a string.
                chars.next();
            }
            '/' if !in_string && chars.peek() == Some(&'/') => break,
            _ if in_string => {}
            _ => code.push(c),
        }
    }
    code
}
