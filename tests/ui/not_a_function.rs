use pipewright::pipeline_stage;

#[pipeline_stage]
struct Lowercase;

fn main() {}
