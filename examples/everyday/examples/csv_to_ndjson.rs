//! Reads CSV from a file or standard input, filters the rows, and writes them as NDJSON.
//!
//! ```console
//! $ cargo run -p pipewright-examples --example csv_to_ndjson -- 200 examples/data/orders.csv
//! {"id":1001,"customer":"Lovelace, Ada","total":249.9,"note":null}
//! {"id":1003,"customer":"Grace Hopper","total":1200.0,"note":"deliver to the ship\nnot to the harbour"}
//! {"id":1005,"customer":"Barbara Liskov","total":420.25,"note":"any subtype will do"}
//! ```

use std::io;

use bytes::Bytes;
use csv_async::AsyncReaderBuilder;
use futures::{StreamExt, TryStreamExt};
use pipewright::format::Raw;
use pipewright::prelude::*;
use tokio::fs::File;
use tokio::io::{AsyncRead, stdin, stdout};
use tokio_util::io::StreamReader;

/// Columns that are not in this struct are ignored.
#[derive(Serialize, Deserialize)]
struct Order {
    id: u64,
    customer: String,
    total: f64,
    note: Option<String>,
}

/// Converts bytes to rows. A cell may contain commas and line ends, so the input cannot be split
/// into lines. An invalid row ends the run with its position.
#[pipeline_stage(id = "csv::decode")]
async fn decode(bytes: Receiver<Bytes, Raw>, mut orders: Sender<Order>) -> Result<()> {
    let bytes = StreamReader::new(bytes.map_err(io::Error::other));
    let mut rows = AsyncReaderBuilder::new()
        .create_deserializer(bytes)
        .into_deserialize::<Order>();
    while let Some(order) = rows.next().await {
        orders.send(order?).await?;
    }
    Ok(())
}

#[pipeline_stage(id = "orders::at_least")]
fn at_least(order: &Order, params: f64) -> bool {
    order.total >= params
}

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let least: f64 = match arguments.next() {
        Some(least) => least
            .parse()
            .map_err(|error| Error::msg(format!("{least}: {error}")))?,
        None => 0.0,
    };
    let input: Box<dyn AsyncRead + Send + Unpin> = match arguments.next() {
        Some(path) => Box::new(File::open(path).await?),
        None => Box::new(stdin()),
    };
    let worker = Worker::embedded().await?;
    let run = Pipeline::read(input)
        .then(decode)
        .then(at_least.with_params(least))
        .encode()
        .start(&worker)
        .await?;
    run.write_to(&mut stdout()).await?;
    Ok(())
}
