use pipewright::{Pipeline, pipeline_stage};

#[pipeline_stage]
fn same<T>(item: T) -> T {
    item
}

fn main() {
    let _ = Pipeline::from_iter([1]).then(same);
}
