use pipewright::{Receiver, Result, Sender, pipeline_stage};

struct Line {
    text: String,
}

#[pipeline_stage]
async fn lengths(mut lines: Receiver<Line>, mut lengths: Sender<usize>) -> Result<()> {
    while let Some(line) = lines.recv().await? {
        lengths.send(line.text.len()).await?;
    }
    Ok(())
}

fn main() {}
