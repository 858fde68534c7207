//! The attackers, each with one thread and at maximum speed.
//!
//! | file | attacks with |
//! |---|---|
//! | `burn` | nothing: it only uses processor time, for comparison |
//! | `loris` | as many connections as there are descriptors, which send almost nothing |
//! | `storm` | connections that are reset immediately, workers that leave immediately |
//! | `flood` | messages of a worker, without waiting for answers |
//! | `calls` | calls that are never answered, calls of unknown functions, long lists |
//! | `frames` | frames that are never read, tiny frames |
//! | `messages` | messages that are too long or never end, endless pings |
//! | `hoards` | data that the engine would have to keep: announcements, metadata, long names, unread refusals and results |
//! | `keys` | guesses of an access key |
//! | `bomb` | small data that decompresses to a lot |
//!
//! In addition, `attacker` is the state shared by all of them, and `tally` their result.

mod attacker;
mod bomb;
mod burn;
mod calls;
mod flood;
mod frames;
mod hoards;
mod keys;
mod loris;
mod messages;
mod storm;
mod tally;

use anyhow::{Result, anyhow, bail};
use attacker::Attacker;
use pipewright_bench_roles::Gate;
use tally::Tally;

use crate::raw::Opcode;

/// Attacks until a command arrives, and prints the result.
pub(super) async fn run(mut gate: Gate, name: &str, url: &str) -> Result<()> {
    let attacker = Attacker::new(url)?;
    let mut attack = tokio::spawn(attack(name.to_owned(), attacker.clone()));
    let over = |ended| anyhow!("the attack is over: {ended:?}");
    tokio::select! {
        ended = &mut attack => return Err(over(ended)),
        () = attacker.in_swing() => gate.say(""),
    }
    tokio::select! {
        ended = attack => return Err(over(ended)),
        word = gate.word() => word?,
    }
    gate.say(serde_json::to_string(&attacker.tally.counts())?);
    Ok(())
}

async fn attack(name: String, attacker: Attacker) -> Result<()> {
    match name.as_str() {
        "burn" => burn::run(attacker).await,
        "silent" => loris::run(attacker, loris::Manner::Silent).await,
        "slow-head" => loris::run(attacker, loris::Manner::SlowHead).await,
        "half-frame" => loris::run(attacker, loris::Manner::HalfFrame).await,
        "resets" => storm::resets(attacker).await,
        "visits" => storm::visits(attacker).await,
        "creates" => calls::creates(attacker, 1).await,
        "many-creates" => calls::creates(attacker, 64).await,
        "returning-creates" => calls::returning_creates(attacker).await,
        "registrations" => calls::registrations(attacker, 1).await,
        "many-registrations" => calls::registrations(attacker, 64).await,
        "unanswered" => calls::unanswered(attacker).await,
        "unknown" => calls::unknown(attacker).await,
        "lists" => calls::lists(attacker).await,
        "unread" => frames::unread(attacker, false).await,
        "deaf" => frames::unread(attacker, true).await,
        "tiny" => frames::tiny(attacker, 1).await,
        "empty" => frames::tiny(attacker, 0).await,
        "oversize" => messages::oversize(attacker).await,
        "endless" => messages::endless(attacker).await,
        "half-messages" => messages::halves(attacker).await,
        "pings" => messages::signs(attacker, Opcode::Ping).await,
        "pongs" => messages::signs(attacker, Opcode::Pong).await,
        "json-pings" => messages::json_pings(attacker).await,
        "announcements" => hoards::announcements(attacker).await,
        "metadata" => hoards::metadata(attacker).await,
        "long-names" => hoards::long_names(attacker).await,
        "refusals" => hoards::refusals(attacker).await,
        "slow-callers" => hoards::slow_callers(attacker).await,
        "keys" => keys::run(attacker).await,
        "bomb" => bomb::run(attacker).await,
        _ => bail!("there is no attack {name}"),
    }
}
