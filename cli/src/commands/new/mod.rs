//! `pipewright new`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::print_error::print_error;

#[derive(Args)]
#[command(after_help = "\
Examples:
  pipewright new wordcount && cd wordcount && cargo test
  pipewright new services/wordcount")]
pub(crate) struct Arguments {
    /// Directory of the new project; its last component is the name.
    #[arg(value_name = "NAME")]
    path: PathBuf,
    /// Use the pipewright in this directory instead of the one that this program was built from.
    #[arg(long, value_name = "DIR")]
    pipewright_path: Option<PathBuf>,
}

/// The files of a project; `{name}` is replaced by its name.
const FILES: [(&str, &str); 4] = [
    ("Cargo.toml", include_str!("template/Cargo.toml.in")),
    ("README.md", include_str!("template/README.md.in")),
    (".gitignore", "/target\n"),
    ("src/main.rs", include_str!("template/main.rs.in")),
];

/// Names that Cargo rejects for a package with these dependencies, or for its program.
const TAKEN: &str = include_str!("taken.txt");

/// Creates a worker project with a stage and a test.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let path = &arguments.path;
    let name = name_of(path)?;
    let from = dependency(arguments.pipewright_path.as_deref())?;
    if path.exists() {
        let told = format!("{} is there already", path.display());
        return Err(Failure::new(Exit::Usage, told).hint("choose another name"));
    }
    let above = workspace_above(path);
    // Cargo would take the project for a member of the other workspace.
    let workspace = above.as_ref().map_or("", |_| "[workspace]\n\n");
    write_files(path, |text| {
        text.replace("{name}", name)
            .replace("{version}", env!("CARGO_PKG_VERSION"))
            .replace("{path}", &from)
            .replace("{workspace}", workspace)
    })
    .map_err(|error| {
        let told = format!("cannot write to {}: {error}", path.display());
        Failure::new(Exit::Failure, told).hint("choose a directory that you may write to")
    })?;
    print_error(format_args!(
        "created {}; try `cargo test` there",
        path.display()
    ));
    if let Some(above) = above {
        print_error(format_args!(
            "note: it is a workspace of its own, not a member of that in {}",
            above.display()
        ));
    }
    Ok(())
}

/// The path of the crate pipewright, for an entry of `[dependencies]`: `given`, or the checkout that
/// this program was built from. Without either, the published crate is used.
fn dependency(given: Option<&Path>) -> Result<String, Failure> {
    let directory = match given {
        Some(directory) if is_pipewright(directory) => directory.canonicalize()?,
        Some(directory) => {
            let told = format!("no pipewright in {}", directory.display());
            return Err(
                Failure::new(Exit::Usage, told).hint("name the directory of its Cargo.toml")
            );
        }
        None => {
            let built_from = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
            match built_from.filter(|directory| is_pipewright(directory)) {
                Some(directory) => directory.to_owned(),
                None => return Ok(String::new()),
            }
        }
    };
    // A JSON string is also a TOML string.
    let directory = serde_json::to_string(&directory.to_string_lossy())?;
    Ok(format!(", path = {directory}"))
}

/// Whether the directory has the crate pipewright.
fn is_pipewright(directory: &Path) -> bool {
    let manifest = manifest(directory);
    let name = manifest
        .as_ref()
        .and_then(|manifest| manifest.get("package")?.get("name")?.as_str());
    name == Some("pipewright")
}

/// The nearest directory above `path` with a Cargo workspace.
fn workspace_above(path: &Path) -> Option<PathBuf> {
    let path = std::path::absolute(path).ok()?;
    let mut above = path.ancestors().skip(1);
    let has_workspace =
        |directory: &&Path| manifest(directory).is_some_and(|it| it.contains_key("workspace"));
    let found = above.find(has_workspace)?;
    Some(found.to_owned())
}

fn manifest(directory: &Path) -> Option<toml::Table> {
    let text = fs::read_to_string(directory.join("Cargo.toml")).ok()?;
    text.parse().ok()
}

fn write_files(path: &Path, fill: impl Fn(&str) -> String) -> io::Result<()> {
    fs::create_dir_all(path.join("src"))?;
    for (file, text) in FILES {
        fs::write(path.join(file), fill(text))?;
    }
    Ok(())
}

/// The project name for `path`, if it is a valid package name.
fn name_of(path: &Path) -> Result<&str, Failure> {
    let name = path.file_name().and_then(|name| name.to_str());
    let name = name.unwrap_or_default();
    let usual = |char: char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_');
    if name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.chars().all(usual)
        && !TAKEN
            .split_whitespace()
            .any(|taken| taken.eq_ignore_ascii_case(name))
    {
        return Ok(name);
    }
    Err(Failure::new(
        Exit::Usage,
        format!("`{name}` cannot be the name of a package"),
    )
    .hint("begin with a letter, go on with letters, digits, `-` and `_`; words of Rust are taken"))
}
