//! Finds files that import each other in a circle.
//!
//! An import of an item that `mod.rs` re-exports counts as an import of the file that defines it;
//! the re-export itself does not count.

use std::collections::{BTreeMap, BTreeSet};

use super::source::{Source, sources};

/// Files that are part of a circle today. The list may only get shorter.
const KNOWN: [&str; 14] = [
    "src/engine/control/builtin/functions.rs",
    "src/engine/control/builtin/listings.rs",
    "src/engine/control/control_plane.rs",
    "src/engine/control/member.rs",
    "src/engine/control/validation/function_refused.rs",
    "src/engine/control/workers/disconnect.rs",
    "src/engine/control/workers/registry/mod.rs",
    "src/engine/core.rs",
    "src/worker/calls/trigger.rs",
    "src/worker/functions/handler.rs",
    "src/worker/functions/invocation.rs",
    "src/worker/functions/registry.rs",
    "src/worker/shared.rs",
    "src/worker/worker.rs",
];

#[test]
fn no_further_file_is_in_a_circle_of_imports() {
    let found = files_in_circles("src", &sources(&["src"]));
    let new: Vec<&String> = found
        .iter()
        .filter(|path| !KNOWN.contains(&path.as_str()))
        .collect();
    assert!(
        new.is_empty(),
        "these files are in a circle of imports: {new:#?}"
    );
    let left: Vec<&&str> = KNOWN
        .iter()
        .filter(|path| !found.contains(**path))
        .collect();
    assert!(
        left.is_empty(),
        "these are in no circle; remove them from KNOWN: {left:#?}"
    );
}

/// A re-export leads to the file that defines the item, and is not itself an import.
#[test]
fn circles_are_found_through_reexports() {
    let sources = [
        ("src/lib.rs", "mod a;\nmod b;\n"),
        (
            "src/a/mod.rs",
            "mod one;\nmod two;\npub(crate) use one::One;\n",
        ),
        ("src/a/one.rs", "use super::two::Two;\nstruct One;\n"),
        ("src/a/two.rs", "use super::{\n    One,\n};\nstruct Two;\n"),
        (
            "src/b.rs",
            "use crate::a::One;\n#[cfg(test)]\nmod tests {\n    use super::B;\n}\n",
        ),
    ];
    let sources = sources.map(|(path, text)| Source::new(path, text));
    let found: Vec<String> = files_in_circles("src", &sources).into_iter().collect();
    assert_eq!(found, ["src/a/one.rs", "src/a/two.rs"]);
}

/// Path of a module below the crate, such as `["channel", "verifier"]`.
type Module = Vec<String>;

/// The top-level contents of one file.
struct File {
    path: String,
    defined: BTreeSet<String>,
    /// Paths in `use` declarations, with the name that each introduces.
    uses: Vec<(String, Module)>,
    /// Paths in private `use` declarations, and paths outside of `use` declarations.
    imports: Vec<Module>,
}

/// The files among the `sources` of the crate at `root` that are part of a circle.
fn files_in_circles(root: &str, sources: &[Source]) -> BTreeSet<String> {
    let files = read(root, sources);
    let edges: BTreeMap<&Module, BTreeSet<Module>> = files
        .iter()
        .map(|(module, file)| {
            let targets = file.imports.iter().map(|path| defining(&files, path, 0));
            (module, targets.filter(|target| target != module).collect())
        })
        .collect();
    files
        .iter()
        .filter(|(module, _)| is_in_circle(&edges, module))
        .map(|(_, file)| file.path.clone())
        .collect()
}

fn is_in_circle(edges: &BTreeMap<&Module, BTreeSet<Module>>, start: &Module) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![start];
    while let Some(module) = open.pop() {
        for next in edges.get(module).into_iter().flatten() {
            if next == start {
                return true;
            }
            if seen.insert(next) {
                open.push(next);
            }
        }
    }
    false
}

/// The module whose file defines the item at `path`.
fn defining(files: &BTreeMap<Module, File>, path: &Module, depth: usize) -> Module {
    let mut length = path.len();
    while length > 0 && !files.contains_key(&path[..length]) {
        length -= 1;
    }
    let module = path[..length].to_vec();
    let (Some(name), Some(file)) = (path.get(length), files.get(&module)) else {
        return module;
    };
    let used = file.uses.iter().find(|(known_as, _)| known_as == name);
    match used {
        // The depth limit ends chains of re-exports that lead back to themselves.
        Some((_, target)) if !file.defined.contains(name) && depth < 8 => {
            defining(files, target, depth + 1)
        }
        _ => module,
    }
}

fn read(root: &str, sources: &[Source]) -> BTreeMap<Module, File> {
    let sources = || sources.iter().filter(|source| !is_test(&source.path));
    let modules: BTreeSet<Module> = sources().map(|source| module(root, source)).collect();
    sources()
        .map(|source| {
            let here = module(root, source);
            let file = File::new(source, &here, &modules);
            (here, file)
        })
        .collect()
}

fn is_test(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    matches!(name, "tests.rs" | "model.rs" | "models.rs" | "main.rs") || path.contains("/tests/")
}

fn module(root: &str, source: &Source) -> Module {
    let path = source.path[root.len() + 1..].trim_end_matches(".rs");
    let mut parts: Module = path.split('/').map(str::to_owned).collect();
    if matches!(parts.last().map(String::as_str), Some("mod" | "lib")) {
        parts.pop();
    }
    parts
}

impl File {
    fn new(source: &Source, here: &Module, modules: &BTreeSet<Module>) -> Self {
        let mut file = Self {
            path: source.path.clone(),
            defined: BTreeSet::new(),
            uses: Vec::new(),
            imports: Vec::new(),
        };
        let mut lines = source.code().into_iter().map(|(_, code)| code).peekable();
        let mut after_test = false;
        while let Some(line) = lines.next() {
            let code = without_visibility(line.trim()).to_owned();
            // By convention, the tests of a file are at its end.
            if after_test && code.starts_with("mod ") && code.ends_with('{') {
                break;
            }
            after_test = line.trim().starts_with("#[cfg(") && line.contains("test");
            if let Some(tree) = code.strip_prefix("use ") {
                let mut tree = tree.to_owned();
                while !tree.ends_with(';') {
                    let Some(next) = lines.next() else { break };
                    tree.push_str(next.trim());
                }
                let is_public = line.trim().starts_with("pub");
                file.add_use(tree.trim_end_matches(';'), here, modules, is_public);
                continue;
            }
            if line.starts_with(|c: char| c.is_alphabetic()) {
                file.defined.extend(defined(&code));
            }
            if !line.trim().starts_with("pub(in ") {
                file.add_paths(&code, here);
            }
        }
        file
    }

    fn add_use(&mut self, tree: &str, here: &Module, modules: &BTreeSet<Module>, is_public: bool) {
        for leaf in leaves(tree) {
            let (path, alias) = leaf.split_once(" as ").unwrap_or((&leaf, ""));
            let Some(target) = absolute(path, here, modules) else {
                continue;
            };
            let name = target.last().cloned().unwrap_or_default();
            let known_as = if alias.is_empty() {
                name
            } else {
                alias.to_owned()
            };
            if !is_public {
                self.imports.push(target.clone());
            }
            self.uses.push((known_as, target));
        }
    }

    /// Adds paths outside of `use` declarations.
    fn add_paths(&mut self, code: &str, here: &Module) {
        let rooted = ["crate::", "super::"];
        let word = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
        for part in code.split(|c: char| !word(c)) {
            if rooted.iter().any(|root| part.starts_with(root)) {
                self.imports.extend(absolute(part, here, &BTreeSet::new()));
            }
        }
    }
}

/// The path below the crate's root; `None` for a path into another crate.
fn absolute(path: &str, here: &Module, modules: &BTreeSet<Module>) -> Option<Module> {
    let mut parts = path.split("::").map(str::trim).peekable();
    let mut module = match parts.peek().copied()? {
        "crate" => {
            parts.next();
            Vec::new()
        }
        "super" | "self" => here.clone(),
        child => {
            let mut module = here.clone();
            module.push(child.to_owned());
            modules.contains(&module).then(|| here.clone())?
        }
    };
    for part in parts {
        match part {
            "super" => _ = module.pop(),
            "self" | "*" | "" => {}
            name => module.push(name.to_owned()),
        }
    }
    Some(module)
}

/// The paths of a tree of imports.
fn leaves(tree: &str) -> Vec<String> {
    let Some((head, group)) = tree.split_once('{') else {
        return vec![tree.trim().to_owned()];
    };
    let group = group.trim_end().strip_suffix('}').unwrap_or(group);
    let mut found = Vec::new();
    let (mut depth, mut begin) = (0, 0);
    for (at, c) in group.char_indices().chain([(group.len(), ',')]) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                let branch = group[begin..at].trim();
                if !branch.is_empty() {
                    let branches = leaves(branch);
                    found.extend(
                        branches
                            .iter()
                            .map(|branch| format!("{}{branch}", head.trim())),
                    );
                }
                begin = at + 1;
            }
            _ => {}
        }
    }
    found
}

fn without_visibility(code: &str) -> &str {
    let Some(rest) = code.strip_prefix("pub") else {
        return code;
    };
    let rest = match rest.strip_prefix('(') {
        Some(within) => within.split_once(')').map_or(rest, |(_, after)| after),
        None => rest,
    };
    rest.trim_start()
}

/// The name that a line at the top level defines.
fn defined(code: &str) -> Option<String> {
    const KINDS: [&str; 9] = [
        "struct", "enum", "trait", "type", "fn", "const", "static", "union", "mod",
    ];
    let mut words = code
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| !matches!(*word, "async" | "unsafe" | "mut" | ""))
        .peekable();
    let kind = words.next()?;
    if kind == "const" && words.peek() == Some(&"fn") {
        words.next();
    }
    // A module declaration is resolved through its file.
    (KINDS.contains(&kind) && kind != "mod").then(|| words.next().map(str::to_owned))?
}
