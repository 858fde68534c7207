use pipewright::{Receiver, Result, pipeline_stage};

#[pipeline_stage]
async fn sum(mut numbers: Receiver<u64>) -> Result<u64> {
    let mut total = 0;
    while let Some(number) = numbers.recv().await? {
        total += number;
    }
    Ok(total)
}

fn main() {}
