use pipewright::pipeline_stage;
type T<X> = Result<X, String>;
#[pipeline_stage]
async fn f(n: u32) -> T<u32> {
    Ok(n)
}

fn main() {}
