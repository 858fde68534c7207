//! What the processes do. Each says a line when it is ready, and says what it has counted when it
//! hears a word.
//!
//! | file | plays |
//! |---|---|
//! | `engine`, `log_lines` | our engine, and how much it would have logged |
//! | `stream`, `prober` | those whom an attack is not to harm: a stream that never ends, and calls and newcomers |
//! | `attack` | the attackers |
//! | `load` | those who make the load |

mod attack;
mod engine;
mod load;
mod log_lines;
mod prober;
mod stream;

use anyhow::{Result, bail};
use pipewright_bench_roles::Gate;
use tokio::runtime::Builder;

/// Plays the role that is named first, with what follows as its arguments.
pub(crate) fn run(role: &[&str]) -> Result<()> {
    let gate = Gate::open();
    // An attacker gets one core at the most, so that attacks compare with each other and with the
    // process that only burns processor time.
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
