use anyhow::Result;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::time::{Duration, sleep};

use super::Attacker;
use super::flood::flood;
use crate::raw::{Control, Opcode, Socket, frame};

const LONG: &str = "siege::long";

/// Connections of each attack.
const SOME: usize = 16;
/// Bytes of an announcement, nearly as long as a message may be.
const ANNOUNCEMENT: usize = 60 << 20;
/// Bytes of one registration, nearly as long as one may be.
const REGISTRATION: usize = 900 << 10;
/// Bytes of an id that nobody has.
const ID: usize = 4 << 20;
/// Bytes of an id that is nearly as long as one may be.
const LONGEST_ID: usize = 500;
/// Functions that one worker may have unless told.
const FUNCTIONS: u64 = 10_000;
/// Bytes of a result that is not read, and how many are asked for on each connection.
const RESULT: usize = 64 << 10;
const RESULTS: u64 = 4_000;

/// Announces itself in 60 MiB of numbers, again and again.
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

/// Registers functions with long metadata, until the engine takes no more, on each of many
/// connections.
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

/// Registers functions with long ids, and asks for lists of them.
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

/// Calls functions with ids of 4 MiB that nobody has, and never reads the refusals.
pub(super) async fn refusals(attacker: Attacker) -> Result<()> {
    let call = Control::invocation(0, &"f".repeat(ID), &Value::Null);
    for _ in 0..SOME {
        let Socket {
            sender, listener, ..
        } = Control::connect(&attacker.host).await?.socket;
        let (mut sender, call, tally) = (sender, call.clone(), attacker.tally.clone());
        tokio::spawn(async move {
            // Open, and not read.
            let _listener = listener;
            while sender.write_all(&call).await.is_ok() {
                tally.count("sent");
            }
        });
    }
    attacker.begun();
    std::future::pending().await
}

/// Calls a function of another worker for long results, which are not read, or read a piece now
/// and then.
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
            // Half of them take a piece now and then, the others nothing.
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

/// Sends `most` messages on each of many connections, which stay.
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
