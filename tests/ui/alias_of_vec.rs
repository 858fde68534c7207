use pipewright::pipeline_stage;
type T = Vec<u32>;
#[pipeline_stage]
fn f(n: u32) -> T {
    vec![n]
}

fn main() {}
