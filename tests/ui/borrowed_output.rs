use pipewright::pipeline_stage;

#[pipeline_stage]
fn first(line: String) -> Option<&'static str> {
    line.is_empty().then_some("empty")
}

fn main() {}
