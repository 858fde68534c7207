use pipewright::{format::Lines, pipeline_stage};

#[pipeline_stage(input = Lines)]
fn double(number: u64) -> u64 {
    number * 2
}

fn main() {}
