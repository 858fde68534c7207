use pipewright::{ChannelWriter, Result, pipeline_stage};

#[pipeline_stage]
async fn greet(mut output: ChannelWriter) -> Result<()> {
    output.write("hello").await?;
    Ok(())
}

fn main() {}
