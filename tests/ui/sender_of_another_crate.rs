use pipewright::pipeline_stage;
mod m {
    pub struct Sender<T>(pub T);
}
use pipewright::Receiver;
#[pipeline_stage]
async fn f(n: Receiver<u32>, s: m::Sender<u32>) -> pipewright::Result<()> {
    let _ = (n, s);
    Ok(())
}

fn main() {}
