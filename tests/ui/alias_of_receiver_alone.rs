use pipewright::pipeline_stage;
type In = pipewright::Receiver<u32>;
#[pipeline_stage]
async fn f(n: In) -> pipewright::Result<()> {
    let _ = n;
    Ok(())
}

fn main() {}
