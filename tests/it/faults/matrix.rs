//! Runs some rounds of the example `fault_matrix`, which combines every part with every fault.

use crate::programs::Program;

/// Each combination of part, fault and form once, with one of three sizes.
const ROUNDS: u64 = 60;

#[tokio::test]
async fn whatever_is_struck_the_truth_arrives_or_an_error() {
    let rounds = ROUNDS.to_string();
    let arguments = ["--rounds", &rounds, "--seed", "1", "--at-once", "6"];
    let output = Program::example("fault_matrix", &arguments).output().await;
    assert!(output.status.success(), "{output:?}");
    let verdict = output.stdout.lines().last().unwrap_or_default();
    let numbers: Vec<u64> = verdict
        .split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect();
    let [rounds, complete, reported, wrong, silent] = numbers[..] else {
        panic!("{output:?}")
    };
    assert_eq!((rounds, wrong, silent), (ROUNDS, 0, 0), "{verdict}");
    // Some rounds must succeed, and some faults must have occurred.
    assert!(complete > 10 && reported > 10, "{verdict}");
    assert_eq!(complete + reported, ROUNDS, "{verdict}");
}
