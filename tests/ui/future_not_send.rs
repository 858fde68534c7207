use pipewright::pipeline_stage;

use std::rc::Rc;

#[pipeline_stage]
async fn double(number: u64) -> u64 {
    let shared = Rc::new(number);
    tokio::task::yield_now().await;
    *shared * 2
}

fn main() {}
