use pipewright::{StageContext, pipeline_stage};

#[pipeline_stage]
fn words(line: String, context: &StageContext) -> impl Iterator<Item = String> {
    let first = context.stage().to_owned();
    [first, line].into_iter()
}

fn main() {}
