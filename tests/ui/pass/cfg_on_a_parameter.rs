use pipewright::pipeline_stage;
#[pipeline_stage]
fn f(n: u32, #[cfg(any())] params: u8) -> u32 {
    n
}

fn main() {}
