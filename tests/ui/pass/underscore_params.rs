use pipewright::pipeline_stage;
#[pipeline_stage]
fn f(n: u32, _params: u8) -> u32 {
    n
}

fn main() {}
