use pipewright::{Pipeline, pipeline_stage};

#[pipeline_stage]
fn double(number: u64) -> u64 {
    number * 2
}

fn main() {
    let _ = Pipeline::from_iter([1]).consume(double);
}
