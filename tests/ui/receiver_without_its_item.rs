use pipewright::{Receiver, Result, Sender, pipeline_stage};

#[pipeline_stage]
async fn double(mut numbers: Receiver, mut doubled: Sender<u64>) -> Result<()> {
    Ok(())
}

fn main() {}
