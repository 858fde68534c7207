use pipewright::pipeline_stage;

#[pipeline_stage]
unsafe fn dangerous(number: u64) -> u64 {
    number
}

#[pipeline_stage]
const fn constant(number: u64) -> u64 {
    number
}

#[pipeline_stage]
extern "C" fn foreign(number: u64) -> u64 {
    number
}

fn main() {}
