use pipewright::pipeline_stage;
type In = pipewright::Receiver<u32>;
#[pipeline_stage]
async fn f(n: In, s: pipewright::Sender<u32>) -> pipewright::Result<()> {
    let _ = (n, s);
    Ok(())
}

fn main() {}
