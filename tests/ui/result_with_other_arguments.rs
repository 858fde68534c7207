use pipewright::pipeline_stage;
type Result<T> = std::result::Result<Vec<T>, String>;
#[pipeline_stage]
fn f(n: u32) -> Result<u32> {
    Ok(vec![n])
}

fn main() {}
