use pipewright::{Pipeline, pipeline_stage};

#[pipeline_stage]
async fn print(line: String) {
    println!("{line}");
}

fn main() {
    let _ = Pipeline::from_iter([String::new()]).then(print);
}
