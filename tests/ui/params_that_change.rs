use pipewright::pipeline_stage;

#[pipeline_stage]
fn sum(number: u64, params: &mut u64) -> u64 {
    *params += number;
    *params
}

fn main() {}
