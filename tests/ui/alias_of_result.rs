use pipewright::pipeline_stage;
type Parsed = Result<u32, String>;
#[pipeline_stage]
fn parse(text: String) -> Parsed {
    text.parse().map_err(|_| "no number".to_owned())
}

fn main() {}
