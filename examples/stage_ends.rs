//! A producer starts a pipeline, and a consumer ends it.
//!
//! ```console
//! $ cargo run --example stage_ends
//! sum of 1 to 100: 5050
//! stages: numbers, sum
//! ```

use pipewright::prelude::*;

/// Only a `Sender`: a producer.
#[pipeline_stage(id = "numbers")]
async fn numbers(mut numbers: Sender<u64>) -> Result<()> {
    for number in 1..=100 {
        numbers.send(number).await?;
    }
    Ok(())
}

/// Only a `Receiver`: a consumer.
#[pipeline_stage(id = "sum")]
async fn sum(mut numbers: Receiver<u64>) -> Result<()> {
    let mut sum = 0;
    while let Some(number) = numbers.recv().await? {
        sum += number;
    }
    println!("sum of 1 to 100: {sum}");
    Ok(())
}

#[tokio::main]
async fn main() -> Result<()> {
    let worker = Worker::embedded().await?;
    let pipeline = Pipeline::produce(numbers).consume(sum);
    let stages = pipeline.stages().join(", ");
    pipeline.start(&worker).await?.report().await?;
    println!("stages: {stages}");
    Ok(())
}
