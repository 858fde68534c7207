use pipewright::Pipeline;

fn double(number: u64) -> u64 {
    number * 2
}

fn main() {
    let _ = Pipeline::from_iter([1]).then(double);
}
