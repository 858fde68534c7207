use pipewright::pipeline_stage;
type T = Result<u32, String>;
#[pipeline_stage]
fn f(n: u32) -> Vec<T> {
    vec![Ok(n)]
}

fn main() {}
