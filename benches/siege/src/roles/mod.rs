//! The processes. Each prints a line when it is ready, and prints its counts when it receives a
//! command.
//!
//! | file | role |
//! |---|---|
//! | `engine`, `log_lines` | our engine, and the number of lines that it would have logged |
//! | `stream`, `prober` | the clients that an attack must not harm: an endless stream, and calls and new workers |
//! | `attack` | the attackers |
//! | `load` | the roles of the load run |

mod attack;
mod engine;
mod load;
mod log_lines;
mod prober;
mod stream;

use anyhow::{Result, bail};
use pipewright_bench_roles::Gate;
use tokio::runtime::Builder;

/// Runs the role that is named first, with the following arguments.
pub(crate) fn run(role: &[&str]) -> Result<()> {
    let gate = Gate::open();
    // An attacker gets at most one core, so that attacks can be compared with each other and with
    // the process that only uses processor time.
    let mut runtime = match role {
        ["attack", ..] => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    runtime.enable_all().build()?.block_on(play(gate, role))
}

async fn play(gate: Gate, role: &[&str]) -> Result<()> {
    match *role {
        ["engine", ref flags @ ..] => engine::serve(gate, flags).await,
        ["stream-write", url, reference] => stream::write(gate, url, reference).await,
        ["stream-read", url, reference] => stream::read(gate, url, reference).await,
        ["probe", url] => prober::probe(gate, url).await,
        ["attack", name, url] => attack::run(gate, name, url).await,
        ["load-idle-writers", url, refs] => load::idle::writers(gate, url, refs).await,
        ["load-idle-readers", url, refs] => load::idle::readers(gate, url, refs).await,
        ["load-sinks", url, name] => load::sinks::serve(gate, url, name).await,
        ["load-sources", url, sinks, places, seed] => {
            load::sources::stream(gate, url, sinks, places, seed).await
        }
        ["load-churn", url, sinks, workers, seed] => {
            load::churn::come_and_go(gate, url, sinks, workers, seed).await
        }
        _ => bail!("there is no role {role:?}"),
    }
}
