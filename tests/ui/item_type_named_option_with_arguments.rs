use pipewright::pipeline_stage;
mod m {
    pub struct Option<T>(pub T);
}
#[pipeline_stage]
fn f(n: u32) -> m::Option<u32> {
    m::Option(n)
}

fn main() {}
