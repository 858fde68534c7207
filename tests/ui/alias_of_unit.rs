use pipewright::pipeline_stage;
type T = ();
#[pipeline_stage]
fn f(n: u32) -> T {
    let _ = n;
}

fn main() {}
