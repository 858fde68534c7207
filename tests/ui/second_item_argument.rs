use pipewright::{Pipeline, pipeline_stage};

#[pipeline_stage]
fn join(line: String, separator: String) -> String {
    line + &separator
}

fn main() {
    let _ = Pipeline::from_iter([String::new()]).then(join);
}
