//! Doc.
#![forbid(dead_code, deprecated, unused_variables, unreachable_pub)]
use pipewright::{ChannelReader, ChannelWriter, Receiver, Result, Sender, pipeline_stage};
#[pipeline_stage]
/// Doc.
pub fn one(n: u32) -> u32 {
    n
}
#[pipeline_stage]
/// Doc.
pub fn opt(n: u32) -> Option<u32> {
    Some(n)
}
#[pipeline_stage]
/// Doc.
pub fn keep(n: &u32) -> bool {
    *n > 1
}
#[pipeline_stage(concurrency = 2)]
/// Doc.
pub async fn conc(n: u32) -> u32 {
    n
}
#[pipeline_stage(blocking)]
/// Doc.
pub fn block(n: u32) -> Result<u32> {
    Ok(n)
}
#[pipeline_stage]
/// Doc.
pub fn state(n: u32, s: &mut u32) -> u32 {
    *s += n;
    *s
}
#[pipeline_stage]
/// Doc.
pub async fn items(mut input: Receiver<u32>, mut output: Sender<u32>) -> Result<()> {
    while let Some(n) = input.recv().await? {
        output.send(n).await?;
    }
    Ok(())
}
#[pipeline_stage]
/// Doc.
pub async fn bytes(mut input: ChannelReader, mut output: ChannelWriter) -> Result<()> {
    let b = input.read_all().await?;
    output.write(b).await?;
    Ok(())
}
#[pipeline_stage]
/// Doc.
pub async fn produce(mut output: Sender<u32>) -> Result<()> {
    output.send(1).await?;
    Ok(())
}
#[pipeline_stage]
/// Doc.
pub async fn consume(mut input: Receiver<u32>) -> Result<()> {
    while input.recv().await?.is_some() {}
    Ok(())
}

fn main() {}
