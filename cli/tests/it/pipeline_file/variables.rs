//! Environment variables in pipeline files.

use tokio::process::Command;

use super::Scratch;
use crate::run::{Filter, Stages};

fn run(scratch: &Scratch, url: &str) -> Filter {
    let mut program = Command::new(env!("CARGO_BIN_EXE_pipewright"));
    program
        .args(["run", "--url", url, "-f", &scratch.pipeline()])
        .env("LABEL", "<\"${X}\">")
        .env("EMPTY", "")
        .env_remove("UNSET");
    Filter::of(&mut program)
}

#[tokio::test]
async fn texts_contain_values_of_variables() {
    let stages = Stages::new().await;
    let scratch = Scratch::new(
        "format = \"lines\"\n[[steps]]\nstage = \"text::${NAME:-label}\"\n\
         params = { with = \"${LABEL} ${UNSET:-d} ${EMPTY:-e} $$5 $LABEL \" }\n",
    );
    let ended = run(&scratch, &stages.url).through(b"a\n").await;
    assert_eq!(ended.complete(), b"<\"${X}\"> d e $5 $LABEL a\n");
}

#[tokio::test]
async fn unset_variable_is_an_error_at_its_place() {
    let scratch = Scratch::new(
        "[[steps]]\ncommand = [\"echo\", \"a ${UNSET}\", \"${EMPTY}\"]\n\
         [[steps]]\nstage = '${LABEL'\n",
    );
    let ended = run(&scratch, "ws://127.0.0.1:1").through(b"").await;
    let said = ended.failed(2);
    for (message, place) in [
        ("the environment variable UNSET is not set", "2:23"),
        ("the environment variable EMPTY is not set", "2:35"),
        ("this `${` has no `}`", "4:10"),
    ] {
        let at = said.find(message).unwrap_or_else(|| panic!("{said}"));
        let shown = said[at..].lines().nth(1).unwrap();
        assert!(shown.ends_with(place), "{message}: {said}");
    }
    assert!(
        said.contains("hint: write `${NAME}` for a variable"),
        "{said}"
    );
}
