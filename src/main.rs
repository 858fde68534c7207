//! The program `pipewright`.

fn main() {}
