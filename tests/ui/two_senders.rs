use pipewright::{Receiver, Result, Sender, pipeline_stage};

#[pipeline_stage]
async fn split(
    mut numbers: Receiver<u64>,
    mut even: Sender<u64>,
    mut odd: Sender<u64>,
) -> Result<()> {
    while let Some(number) = numbers.recv().await? {
        if number % 2 == 0 {
            even.send(number).await?
        } else {
            odd.send(number).await?
        }
    }
    Ok(())
}

fn main() {}
