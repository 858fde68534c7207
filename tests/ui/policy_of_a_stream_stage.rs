use pipewright::{ItemStageExt, Pipeline, Policy, Receiver, Result, Sender, pipeline_stage};
#[pipeline_stage]
async fn pass(mut input: Receiver<u32>, mut out: Sender<u32>) -> Result<()> {
    while let Some(n) = input.recv().await? {
        out.send(n).await?;
    }
    Ok(())
}
fn main() {
    let _ = Pipeline::from_iter([1]).then(pass.on_error(Policy::Skip));
}
