use pipewright::{Pipeline, format::Bincode, pipeline_stage};

#[pipeline_stage(output = Bincode)]
fn double(number: u64) -> u64 {
    number * 2
}

#[pipeline_stage]
fn triple(number: u64) -> u64 {
    number * 3
}

fn main() {
    let _ = Pipeline::from_iter([1]).then(double).then(triple);
}
