use pipewright::pipeline_stage;

struct Line {
    text: String,
}

#[pipeline_stage]
fn length(line: Line) -> usize {
    line.text.len()
}

fn main() {}
