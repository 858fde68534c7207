use pipewright::pipeline_stage;

const NONE: usize = 0;

#[pipeline_stage(concurrency = NONE)]
async fn double(number: u64) -> u64 {
    number * 2
}

fn main() {}
