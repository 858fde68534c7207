use pipewright::{Pipeline, Result, Sender, pipeline_stage};

#[pipeline_stage]
async fn numbers(mut output: Sender<u64>) -> Result<()> {
    output.send(1).await?;
    Ok(())
}

fn main() {
    let _ = Pipeline::from_iter([1]).then(numbers);
}
