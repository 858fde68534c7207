use pipewright::{Receiver, Result, Sender, pipeline_stage};

#[pipeline_stage]
async fn double(numbers: &mut Receiver<u64>, mut doubled: Sender<u64>) -> Result<()> {
    while let Some(number) = numbers.recv().await? {
        doubled.send(number * 2).await?;
    }
    Ok(())
}

fn main() {}
