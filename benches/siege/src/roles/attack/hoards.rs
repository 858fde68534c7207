use anyhow::Result;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::time::{Duration, sleep};

use super::Attacker;
use super::flood::flood;
use crate::raw::{Control, Opcode, Socket, frame};

const LONG: &str = "siege::long";

/// Connections per attack.
const SOME: usize = 16;
/// Bytes of an announcement, almost as long as a message may be.
const ANNOUNCEMENT: usize = 60 << 20;
/// Bytes of one registration, almost as long as one may be.
const REGISTRATION: usize = 900 << 10;
/// Bytes of an unknown id.
const ID: usize = 4 << 20;
/// Bytes of an id of almost the maximum length.
const LONGEST_ID: usize = 500;
/// Default limit of functions of one worker.
const FUNCTIONS: u64 = 10_000;
/// Bytes of an unread result, and the number of results requested on each connection.
const RESULT: usize = 64 << 10;
const RESULTS: u64 = 4_000;

/// Announces itself repeatedly with 60 MiB of numbers.
pub(super) async fn announcements(attacker: Attacker) -> Result<()> {
    let numbers = "0,".repeat(ANNOUNCEMENT / 2);
    let message = format!(
        r#"{{"type":"invokefunction","function_id":"engine::workers::register","invocation_id":"00000000-0000-4000-8000-000000000000","data":{{"x":[{numbers}0]}}}}"#
    );
    let message = frame(Opcode::Text, message);
    let mut control = Control::connect(&attacker.host).await?;
    attacker.begun();
    loop {
        control.socket.sender.write_all(&message).await?;
        attacker.tally.count("announced");
        control.channel().await?;
    }
}

/// Registers functions with long metadata on each of many connections, until the engine accepts no
/// more.
pub(super) async fn metadata(attacker: Attacker) -> Result<()> {
    let metadata = "m".repeat(REGISTRATION);
    stay(
        attacker,
        move |number| {
            let message = json!({"type": "registerfunction", "id": format!("siege::{number}"),
                             "metadata": metadata});
            frame(Opcode::Text, message.to_string())
        },
        16,
    )
    .await
}

/// Registers functions with long ids, and requests lists of them.
pub(super) async fn long_names(attacker: Attacker) -> Result<()> {
    let tail = "n".repeat(LONGEST_ID - 32);
    let reader = Control::connect(&attacker.host).await?;
    tokio::spawn(flood(reader, attacker.tally.clone(), u64::MAX, |number| {
        let lists = ["engine::functions::list", "engine::workers::list"];
        Control::invocation(number, lists[usize::from(number % 2 == 0)], &json!({}))
    }));
    stay(
        attacker,
        move |number| {
            let own = fastrand::u32(..);
            Control::registration(&format!("siege::{own:x}::{number}::{tail}"))
        },
        FUNCTIONS,
    )
    .await
}

/// Calls unknown functions with ids of 4 MiB, and never reads the refusals.
pub(super) async fn refusals(attacker: Attacker) -> Result<()> {
    let call = Control::invocation(0, &"f".repeat(ID), &Value::Null);
    for _ in 0..SOME {
        let Socket {
            sender, listener, ..
        } = Control::connect(&attacker.host).await?.socket;
        let (mut sender, call, tally) = (sender, call.clone(), attacker.tally.clone());
        tokio::spawn(async move {
            // Open, but never read.
            let _listener = listener;
            while sender.write_all(&call).await.is_ok() {
                tally.count("sent");
            }
        });
    }
    attacker.begun();
    std::future::pending().await
}

/// Calls a function of another worker for long results, which are not read, or only occasionally.
pub(super) async fn slow_callers(attacker: Attacker) -> Result<()> {
    let address = attacker.url.parse::<pipewright::Address>()?;
    let host = pipewright::Worker::connect(address).await?;
    host.register_function(LONG, async |_: Value| "x".repeat(RESULT))?;
    host.registered().await?;
    for place in 0..SOME {
        let Socket {
            sender,
            mut listener,
            ..
        } = Control::connect(&attacker.host).await?.socket;
        let (mut sender, tally) = (sender, attacker.tally.clone());
        tokio::spawn(async move {
            for number in 0..RESULTS {
                let number = (place as u64) << 32 | number;
                let call = Control::invocation(number, LONG, &Value::Null);
                if sender.write_all(&call).await.is_err() {
                    break;
                }
                tally.count("called");
            }
            // Half of them read a piece occasionally, the others nothing.
            while place % 2 == 0 && listener.next().await.is_ok() {
                sleep(Duration::from_millis(200)).await;
            }
            std::future::pending::<()>().await;
        });
    }
    attacker.begun();
    let _host = host;
    std::future::pending().await
}

/// Sends `most` messages on each of many connections, which stay open.
async fn stay(
    attacker: Attacker,
    message: impl Fn(u64) -> Vec<u8> + Clone + Send + Sync + 'static,
    most: u64,
) -> Result<()> {
    for _ in 0..SOME {
        let control = Control::connect(&attacker.host).await?;
        tokio::spawn(flood(
            control,
            attacker.tally.clone(),
            most,
            message.clone(),
        ));
    }
    attacker.begun();
    std::future::pending().await
}
