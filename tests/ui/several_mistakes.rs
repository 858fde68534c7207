use pipewright::{Pipeline, pipeline_stage};

#[pipeline_stage(blocing, id = "two words", ordered, unordered)]
async fn double(number: u64, other: u64, params: &mut u64) -> u64 {
    number * 2
}

fn main() {
    let _ = Pipeline::from_iter([1]).then(double);
}
