use pipewright::pipeline_stage;

#[pipeline_stage]
fn length(line: &String) -> usize {
    line.len()
}

fn main() {}
