use pipewright::{Receiver, Sender, pipeline_stage};

struct Stopped;

#[pipeline_stage]
async fn double(mut numbers: Receiver<u64>, mut doubled: Sender<u64>) -> Result<(), Stopped> {
    while let Some(number) = numbers.recv().await.map_err(|_| Stopped)? {
        doubled.send(number * 2).await.map_err(|_| Stopped)?;
    }
    Ok(())
}

fn main() {}
