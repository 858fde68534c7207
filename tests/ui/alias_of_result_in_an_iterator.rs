use pipewright::pipeline_stage;
type T = Result<u32, String>;
#[pipeline_stage]
fn f(n: u32) -> impl Iterator<Item = T> {
    [Ok(n)].into_iter()
}

fn main() {}
