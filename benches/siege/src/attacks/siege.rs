use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result};
use pipewright_bench_roles::Process;

use super::attack::Attack;
use super::felt::Felt;
use super::others::Others;
use super::row::Row;
use super::verdict::Verdict;
use crate::engine::EngineProcess;
use crate::holdings::Holdings;

/// How long the engine may take to free everything of an attacker.
const FREED: Duration = Duration::from_secs(90);

/// Descriptors that may or may not be open at a given moment: those of new workers.
const COMING: usize = 12;

/// Runs one attack repeatedly, alternating with turns without attack.
pub(super) fn carry_out(attack: &Attack, quick: bool) -> Result<Row> {
    let (rounds, turn) = if quick {
        (1, Duration::from_millis(400))
    } else {
        (3, Duration::from_secs(2))
    };
    let mut engine = EngineProcess::start(attack.flags)?;
    let mut others = Others::start(&engine.url)?;
    // Resources that are kept after their first use, such as buffers, are not growth.
    let mut peace = vec![others.turn(turn)?];
    let resident_before = engine.resident_mib()?;
    let descriptors_before = engine.descriptors()?;
    let (mut war, mut got) = (Vec::new(), BTreeMap::new());
    let (mut most, mut freed_after) = (Holdings::default(), Duration::ZERO);
    for _ in 0..rounds {
        let mut attacker = Process::role(&["attack", attack.role, &engine.url])?;
        attacker.line().context("the attack does not begin")?;
        war.push(others.turn(turn)?);
        most = most.most(engine.holdings()?);
        attacker.go()?;
        let counts: BTreeMap<String, u64> = serde_json::from_str(&attacker.line()?)?;
        for (what, times) in counts {
            *got.entry(what).or_default() += times;
        }
        attacker.finish()?;
        // The other clients hold almost nothing.
        let freed = engine.settled(FREED, |held| {
            let Holdings {
                workers,
                functions,
                calls,
                channels,
                ..
            } = held.holdings;
            workers <= 4
                && functions <= 1
                && calls <= 2
                && channels <= 3
                && held.descriptors <= descriptors_before + COMING
        })?;
        freed_after = freed_after.max(freed);
        peace.push(others.turn(turn)?);
    }
    let log_lines = engine.holdings()?.log_lines;
    let row = Row {
        name: attack.name,
        rounds,
        got,
        most,
        log_lines,
        peace: Felt::of(&peace),
        war: Felt::of(&war),
        resident_before,
        resident_peak: engine.peak_mib()?,
        growth_allowed: attack.growth_mib,
        resident_after: engine.resident_mib()?,
        descriptors_before,
        descriptors_after: engine.descriptors()?,
        freed_ms: freed_after.as_millis(),
        verdict: Verdict::default(),
    };
    let verdict = Verdict::of(attack, &row, quick);
    Ok(Row { verdict, ..row })
}
