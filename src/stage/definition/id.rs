/// The default id of a stage: its package and its path within the package.
///
/// `path` is the type name from the compiler, and `module` is the module path. For a stage within a
/// function, `path` is more precise; if it has an unexpected form, `module` is used. The crate name
/// is omitted if it equals the package name.
pub fn default_id(package: &str, module: &str, path: &str, name: &str) -> String {
    let root = module.split("::").next().unwrap_or(module);
    let full = format!("{module}::{name}");
    let told: Vec<&str> = path
        .split("::")
        .map(|segment| segment.trim_start_matches("r#"))
        .filter(|segment| segment.chars().all(|c| c.is_alphanumeric() || c == '_'))
        .collect();
    let is_path = !path.contains('<') && told.first() == Some(&root) && told.last() == Some(&name);
    let segments = if is_path {
        told
    } else {
        full.split("::").collect()
    };
    let within = segments[1..].join("::");
    if package.replace('-', "_") == root {
        format!("{package}::{within}")
    } else {
        format!("{package}::{root}::{within}")
    }
}

#[cfg(test)]
mod tests {
    use super::default_id;

    #[test]
    fn an_id_is_the_package_and_the_path_within() {
        let id = |module, path| default_id("my-package", module, path, "lower");
        assert_eq!(id("my_package", "my_package::lower"), "my-package::lower");
        assert_eq!(
            id("my_package::text", "my_package::text::lower"),
            "my-package::text::lower"
        );
        assert_eq!(id("tool", "tool::lower"), "my-package::tool::lower");
    }

    #[test]
    fn id_of_a_nested_stage_contains_the_function() {
        let id = |path| default_id("tool", "tool::text", path, "lower");
        assert_eq!(id("tool::text::main::lower"), "tool::text::main::lower");
        assert_eq!(
            id("tool::text::main::{{closure}}::lower"),
            "tool::text::main::lower"
        );
    }

    #[test]
    fn without_a_path_the_module_is_used() {
        for path in ["lower", "<tool::text::Some as Thing>::go::lower"] {
            let id = default_id("tool", "tool::text", path, "lower");
            assert_eq!(id, "tool::text::lower");
        }
        let id = default_id("tool", "tool", "tool::r#loop", "loop");
        assert_eq!(id, "tool::loop");
    }
}
