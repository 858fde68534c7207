use pipewright::Worker;

async fn double(number: u64) -> u64 {
    number * 2
}

fn register(worker: &Worker) {
    worker.register(double).unwrap();
}

fn main() {}
