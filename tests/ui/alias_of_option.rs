use pipewright::pipeline_stage;
type Maybe = Option<u32>;
#[pipeline_stage]
fn digit(c: char) -> Maybe {
    c.to_digit(10)
}

fn main() {}
