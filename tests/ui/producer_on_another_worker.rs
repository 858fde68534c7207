use pipewright::{Pipeline, Result, Sender, StageExt, pipeline_stage};
#[pipeline_stage]
async fn numbers(mut out: Sender<u32>) -> Result<()> {
    out.send(1).await?;
    Ok(())
}
fn main() {
    let _ = Pipeline::produce(numbers.remote());
}
