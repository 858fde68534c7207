use pipewright::pipeline_stage;

#[pipeline_stage(id = "engine::double")]
fn double(number: u64) -> u64 {
    number * 2
}

#[pipeline_stage(id = "number / twice")]
fn twice(number: u64) -> u64 {
    number * 2
}

#[pipeline_stage(id = "")]
fn again(number: u64) -> u64 {
    number * 2
}

fn main() {}
