use pipewright::pipeline_stage;

#[pipeline_stage(concurrency = 0)]
async fn triple(number: u64) -> u64 {
    number * 3
}

fn main() {}
