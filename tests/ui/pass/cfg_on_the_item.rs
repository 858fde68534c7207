use pipewright::pipeline_stage;
#[pipeline_stage]
fn f(#[cfg(any())] text: String, #[cfg(all())] n: u32) -> u32 {
    n
}

fn main() {}
