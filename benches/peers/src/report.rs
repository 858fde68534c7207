use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::row::Row;

/// The header of the table.
pub(crate) fn print_head() {
    println!("| what | unit | ours | peer | ratio: min | median | max | target | met |");
    println!("|---|---|---|---|---|---|---|---|---|");
}

/// One line of the table.
pub(crate) fn print_row(row: &Row) {
    println!(
        "| {} | {} | {} | {} | {} | {} | {} | {} | {} |",
        row.name,
        row.unit,
        figure(Some(row.ours)),
        figure(row.peer),
        figure(row.ratio_min),
        figure(row.ratio_median),
        figure(row.ratio_max),
        row.target.as_deref().unwrap_or(""),
        match row.met {
            Some(true) => "yes",
            Some(false) => "no",
            None => "",
        },
    );
}

pub(crate) fn write_json(path: &Path, rows: &[Row]) -> Result<()> {
    let json = serde_json::to_string_pretty(rows)?;
    fs::write(path, json + "\n").with_context(|| format!("cannot write {}", path.display()))
}

/// Formats a figure with three digits, or as a whole number.
fn figure(figure: Option<f64>) -> String {
    match figure {
        None => String::new(),
        Some(figure) if figure >= 100.0 => format!("{figure:.0}"),
        Some(figure) if figure >= 10.0 => format!("{figure:.1}"),
        Some(figure) if figure >= 1.0 => format!("{figure:.2}"),
        Some(figure) => format!("{figure:.3}"),
    }
}
