use pipewright::pipeline_stage;

#[derive(Debug)]
struct TooLarge;

#[pipeline_stage]
fn narrow(number: u64) -> Result<u8, TooLarge> {
    number.try_into().map_err(|_| TooLarge)
}

fn main() {}
