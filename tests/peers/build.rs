//! Completes the first example of `docs/migration.md` with the code that runs it, so that the page
//! needs no hidden lines.

use std::{env, error::Error, fs, path::Path};

const PAGE: &str = "../../docs/migration.md";
const MAIN: &str = "migration_main.rs";

fn main() -> Result<(), Box<dyn Error>> {
    let page = fs::read_to_string(PAGE)?;
    let main = fs::read_to_string(MAIN)?;
    let (before, example) = page
        .split_once("```rust\n")
        .ok_or("the page has no example")?;
    let (example, after) = example
        .split_once("```\n")
        .ok_or("the example has no end")?;
    let complete =
        format!("{before}```rust\nuse iii_sdk_0_25 as iii_sdk;\n{example}{main}```\n{after}");
    fs::write(
        Path::new(&env::var("OUT_DIR")?).join("migration.md"),
        complete,
    )?;
    println!("cargo::rerun-if-changed={PAGE}");
    println!("cargo::rerun-if-changed={MAIN}");
    Ok(())
}
