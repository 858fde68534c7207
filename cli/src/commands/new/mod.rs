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
    /// Use the pipewright in this directory instead of the published one.
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

/// Names that Cargo rejects for a package with these dependencies.
const TAKEN: &[&str] = &[
    "abstract",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "const",
    "continue",
    "core",
    "crate",
    "do",
    "dyn",
    "else",
    "enum",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "pipewright",
    "priv",
    "pub",
    "ref",
    "return",
    "self",
    "serde",
    "static",
    "std",
    "struct",
    "super",
    "test",
    "tokio",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "while",
    "yield",
];

/// Creates a worker project with a stage and a test.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let path = &arguments.path;
    let name = name_of(path)?;
    let from = match &arguments.pipewright_path {
        None => format!("version = \"{}\"", env!("CARGO_PKG_VERSION")),
        Some(directory) => {
            let directory = directory.canonicalize().map_err(|error| {
                let told = format!("no pipewright in {}: {error}", directory.display());
                Failure::new(Exit::Usage, told).hint("name the directory of its Cargo.toml")
            })?;
            // A JSON string is also a TOML string.
            let directory = serde_json::to_string(&directory.to_string_lossy())?;
            format!("path = {directory}")
        }
    };
    if path.exists() {
        let told = format!("{} is there already", path.display());
        return Err(Failure::new(Exit::Usage, told).hint("choose another name"));
    }
    write_files(path, |text| {
        text.replace("{name}", name).replace("{pipewright}", &from)
    })
    .map_err(|error| {
        let told = format!("cannot write to {}: {error}", path.display());
        Failure::new(Exit::Failure, told).hint("choose a directory that you may write to")
    })?;
    print_error(format_args!(
        "{name} is in {}; try `cargo test` there",
        path.display()
    ));
    Ok(())
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
        && !TAKEN.contains(&name)
    {
        return Ok(name);
    }
    Err(Failure::new(
        Exit::Usage,
        format!("`{name}` cannot be the name of a package"),
    )
    .hint("begin with a letter, go on with letters, digits, `-` and `_`; words of Rust are taken"))
}
