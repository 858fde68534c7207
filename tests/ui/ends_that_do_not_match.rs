use pipewright::{ChannelWriter, Receiver, Result, pipeline_stage};

#[pipeline_stage]
async fn print(mut numbers: Receiver<u64>, mut output: ChannelWriter) -> Result<()> {
    while let Some(number) = numbers.recv().await? {
        output.write(number.to_string()).await?;
    }
    Ok(())
}

fn main() {}
