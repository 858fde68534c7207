use pipewright::pipeline_stage;
use serde::{Deserialize, Serialize};
#[derive(Clone, Serialize, Deserialize)]
pub struct Sender {
    pub mail: String,
}
#[pipeline_stage]
fn lower(sender: Sender) -> Sender {
    Sender {
        mail: sender.mail.to_lowercase(),
    }
}

fn main() {}
