use pipewright::pipeline_stage;

struct Total(u64);

#[pipeline_stage]
fn sum(number: u64, total: &mut Total) -> u64 {
    total.0 += number;
    total.0
}

fn main() {}
