use pipewright::{Receiver, Result, Sender, format::Bincode, pipeline_stage};

#[pipeline_stage(input = Bincode, concurrency = 4)]
async fn double(mut numbers: Receiver<u64>, mut doubled: Sender<u64>) -> Result<()> {
    while let Some(number) = numbers.recv().await? {
        doubled.send(number * 2).await?;
    }
    Ok(())
}

fn main() {}
