//! The attack table.
//!
//! | file | holds |
//! |---|---|
//! | `attack` | an attack, and what it is measured by |
//! | `list` | all of them |
//! | `others` | those whom it is not to harm |
//! | `felt`, `probed` | what they feel, what one of them says |
//! | `siege` | one attack, carried out |
//! | `row`, `verdict`, `report` | what comes out |

mod attack;
mod felt;
mod list;
mod others;
mod probed;
mod report;
mod row;
mod siege;
mod verdict;

use anyhow::{Result, bail};
pub(crate) use probed::Probed;

use crate::options::AttackOptions;

/// Carries out all attacks that are asked for, one after the other, each on an engine of its own.
pub(crate) fn run(options: &AttackOptions) -> Result<()> {
    let only = options.only.as_deref().unwrap_or_default();
    let (mut rows, mut failed) = (Vec::new(), Vec::new());
    report::print_head();
    for attack in list::ATTACKS
        .iter()
        .filter(|attack| attack.role.contains(only))
    {
        match siege::carry_out(attack, options.quick) {
            Ok(row) => {
                report::print_row(&row);
                if !row.verdict.is_met() {
                    failed.push(attack.name);
                }
                rows.push(row);
            }
            Err(error) => {
                eprintln!("{}: {error:#}", attack.name);
                failed.push(attack.name);
            }
        }
    }
    if let Some(path) = &options.json {
        report::write_json(path, &rows)?;
    }
    if rows.is_empty() && failed.is_empty() {
        bail!("no attack has {only} in its name");
    }
    println!(
        "\n{} attacks, {} passed, {} failed",
        rows.len(),
        rows.len().saturating_sub(failed.len()),
        failed.len()
    );
    if !failed.is_empty() {
        bail!("failed: {}", failed.join("; "));
    }
    Ok(())
}
