use pipewright::pipeline_stage;
type T = Option<u32>;
#[pipeline_stage]
fn f(n: u32) -> Result<T, String> {
    Ok(Some(n))
}

fn main() {}
