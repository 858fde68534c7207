use pipewright::pipeline_stage;

#[derive(serde::Deserialize)]
struct Limit {
    least: u64,
}

#[pipeline_stage]
fn at_least(number: &u64, params: Limit) -> bool {
    *number >= params.least
}

fn main() {}
