use pipewright::pipeline_stage;
mod search {
    use serde::{Deserialize, Serialize};
    #[derive(Clone, Serialize, Deserialize)]
    pub struct Result<T> {
        pub hit: T,
    }
}
#[pipeline_stage]
fn score(n: u32) -> search::Result<u32> {
    search::Result { hit: n }
}

fn main() {}
