use pipewright::pipeline_stage;

struct Line {
    text: String,
}

#[pipeline_stage]
fn numbered(number: u64) -> Vec<Line> {
    vec![Line {
        text: number.to_string(),
    }]
}

fn main() {}
