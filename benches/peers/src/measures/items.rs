use anyhow::Result;
use pipewright_bench_roles::Process;

use super::bytes::Relay;
use crate::link::{alone, rate, role};
use crate::options::Options;
use crate::ours::Ours;
use crate::rounds::interleave;
use crate::row::{Row, Target};

/// Items per round: about a second's worth.
const JSON: u64 = 2_000_000;
const BINCODE: u64 = 4_000_000;
const SDK: u64 = 200_000;
const TONIC: u64 = 400_000;
const REMOC: u64 = 100_000;
const ALONE: u64 = 4_000_000;

/// Records between processes, in our formats and in those of the peers.
pub(crate) fn measure(options: &Options) -> Result<Vec<Row>> {
    let ours = Ours::start()?;
    let relay = Relay::of(Process::role(&["tonic-relay"])?)?;
    let through_engine = |format: &str, items: u64| {
        let [writer, reader] = ours.channel()?;
        let send = role([&"send", &format, &ours.url, &writer, &items]);
        rate(
            &send,
            &role([&"receive", &format, &ours.url, &reader]),
            items,
        )
    };
    let [json, bincode, sdk, tonic, remoc, json_alone, bincode_alone] = interleave(
        options.rounds(),
        [
            Box::new(|| through_engine("json", options.amount(JSON))),
            Box::new(|| through_engine("bincode", options.amount(BINCODE))),
            Box::new(|| {
                let items = options.amount(SDK);
                let [writer, reader] = ours.channel()?;
                let send = role([&"sdk-send", &ours.url, &writer, &items]);
                rate(&send, &role([&"sdk-receive", &ours.url, &reader]), items)
            }),
            Box::new(|| {
                let items = options.amount(TONIC);
                let send = role([&"tonic-send", &relay.address, &items]);
                rate(&send, &role([&"tonic-receive", &relay.address]), items)
            }),
            Box::new(|| {
                let items = options.amount(REMOC);
                rate(
                    &role([&"remoc-send", &items]),
                    &role([&"remoc-receive"]),
                    items,
                )
            }),
            Box::new(|| alone(&role([&"codec", &"json", &options.amount(ALONE)]))),
            Box::new(|| alone(&role([&"codec", &"bincode", &options.amount(ALONE)]))),
        ],
    )?;
    let row = |name: &str, ours: &[f64], peer: &[f64], target| {
        let target = Some(Target::AtLeast(target));
        Row::versus(name, "items/s", ours, peer, target)
    };
    Ok(vec![
        row("Json items, vs. iii-sdk", &json, &sdk, 8.0),
        row(
            "Json items, vs. decoding with serde_json alone",
            &json,
            &json_alone,
            0.75,
        ),
        row("Bincode items, vs. iii-sdk", &bincode, &sdk, 18.0),
        row(
            "Bincode items, vs. decoding with bincode alone",
            &bincode,
            &bincode_alone,
            0.6,
        ),
        row("Bincode items, vs. tonic", &bincode, &tonic, 5.0),
        row("Bincode items, vs. remoc, no broker", &bincode, &remoc, 5.0),
    ])
}
