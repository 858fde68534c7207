use pipewright::pipeline_stage;

#[pipeline_stage]
fn double(number: u64) -> impl Future<Output = u64> {
    std::future::ready(number * 2)
}

fn main() {}
