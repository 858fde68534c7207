use pipewright::{Pipeline, pipeline_stage};

#[pipeline_stage(blocking)]
async fn hash(block: Vec<u8>) -> usize {
    block.len()
}

fn main() {
    let _ = Pipeline::from_iter([vec![1]]).then(hash);
}
