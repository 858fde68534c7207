use pipewright::{Backoff, ItemStageExt, Result, Sender, pipeline_stage};
#[pipeline_stage]
async fn numbers(mut out: Sender<u32>) -> Result<()> {
    out.send(1).await?;
    Ok(())
}
fn main() {
    let _ = numbers.retry(1, Backoff::new());
}
