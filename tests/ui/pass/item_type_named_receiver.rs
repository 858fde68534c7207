use pipewright::pipeline_stage;
use serde::{Deserialize, Serialize};
#[derive(Clone, Serialize, Deserialize)]
pub struct Receiver {
    pub mail: String,
}
#[pipeline_stage]
fn mail(r: Receiver) -> String {
    r.mail
}

fn main() {}
