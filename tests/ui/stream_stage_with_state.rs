use pipewright::{Receiver, Result, Sender, pipeline_stage};

#[pipeline_stage]
async fn sums(mut numbers: Receiver<u64>, mut sums: Sender<u64>, total: &mut u64) -> Result<()> {
    while let Some(number) = numbers.recv().await? {
        *total += number;
        sums.send(*total).await?;
    }
    Ok(())
}

fn main() {}
