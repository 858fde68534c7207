use pipewright::pipeline_stage;

#[pipeline_stage(concurrency = 4)]
async fn sum(number: u64, total: &mut u64) -> u64 {
    *total += number;
    *total
}

fn main() {}
