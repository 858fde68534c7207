use pipewright::{Pipeline, format::Lines, pipeline_stage};
#[pipeline_stage(input = Lines)]
fn upper(line: String) -> String {
    line.to_uppercase()
}
fn main() {
    let _ = Pipeline::from_iter(["a".to_owned()]).then(upper);
}
