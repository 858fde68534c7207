use pipewright::pipeline_stage;
mod m {
    pub struct Sender<T>(pub T);
}
#[pipeline_stage]
fn f(n: m::Sender<u32>) -> m::Sender<u32> {
    n
}

fn main() {}
