use pipewright::{Pipeline, pipeline_stage};

#[pipeline_stage]
fn length(line: String) -> usize {
    line.len()
}

#[pipeline_stage]
fn lowercase(line: String) -> String {
    line.to_lowercase()
}

fn main() {
    let _ = Pipeline::from_iter([String::new()])
        .then(length)
        .then(lowercase);
}
