use pipewright::pipeline_stage;
#[pipeline_stage]
fn f(n: u32) -> Self {
    n
}

fn main() {}
