use pipewright::{Receiver, Sender, pipeline_stage};

#[pipeline_stage]
fn double(_numbers: Receiver<u64>, _doubled: Sender<u64>) {}

fn main() {}
