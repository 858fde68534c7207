use pipewright::pipeline_stage;

#[pipeline_stage(parallel = 8)]
async fn double(number: u64) -> u64 {
    number * 2
}

fn main() {}
