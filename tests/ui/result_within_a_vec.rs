use pipewright::{Result, pipeline_stage};

#[pipeline_stage]
fn parse(line: String) -> Vec<Result<u64>> {
    line.split(' ').map(|number| Ok(number.parse()?)).collect()
}

fn main() {}
