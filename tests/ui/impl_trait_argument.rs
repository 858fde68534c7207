use pipewright::pipeline_stage;

#[pipeline_stage]
fn length(line: impl AsRef<str>) -> usize {
    line.as_ref().len()
}

fn main() {}
