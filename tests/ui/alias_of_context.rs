use pipewright::pipeline_stage;
type C = pipewright::StageContext;
#[pipeline_stage]
fn f(n: u32, c: &C) -> u32 {
    let _ = c;
    n
}

fn main() {}
