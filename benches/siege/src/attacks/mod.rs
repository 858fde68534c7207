//! The attack table.
//!
//! | file | contents |
//! |---|---|
//! | `attack` | an attack and its limits |
//! | `list` | all attacks |
//! | `others` | the clients that an attack must not harm |
//! | `felt`, `probed` | the effect on these clients, and the report of one of them |
//! | `siege` | runs one attack |
//! | `row`, `verdict`, `report` | the results |

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

/// Runs all requested attacks, one after the other, each on a new engine.
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
