//! Stages on one item, the most common kind.
//!
//! ```console
//! $ cargo run --example stage_item
//! THE QUICK BROWN FOX!
//! JUMPS OVER THE LAZY DOG!
//! stage stage_item::number at item 1: invalid digit found in string
//! ```

use pipewright::prelude::*;

/// One item in, one item out. The function remains callable: see `upper::call` below.
#[pipeline_stage]
fn upper(line: String) -> String {
    line.to_uppercase()
}

/// A stage may be async if it waits for something.
#[pipeline_stage]
async fn exclaim(line: String) -> String {
    tokio::task::yield_now().await;
    line + "!"
}

/// A stage may fail; `?` converts any error. The first failure ends the run, with the stage and the
/// item.
#[pipeline_stage(id = "stage_item::number")]
fn number(text: String) -> Result<u32> {
    Ok(text.parse()?)
}

#[tokio::main]
async fn main() -> Result<()> {
    assert_eq!(
        upper::call("tested as a function".into()),
        "TESTED AS A FUNCTION"
    );

    let lines = ["the quick brown fox", "jumps over the lazy dog"].map(String::from);
    let mut run = Pipeline::from_iter(lines)
        .then(upper)
        .then(exclaim)
        .run_local();
    while let Some(line) = run.next().await {
        println!("{}", line?);
    }

    let numbers = ["1", "two", "3"].map(String::from);
    let run = Pipeline::from_iter(numbers).then(number).run_local();
    if let Err(error) = run.collect::<Vec<_>>().await {
        println!("{error}");
    }
    Ok(())
}
