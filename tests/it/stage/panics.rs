//! Panics of stages that are fused into one stream: caught once, around all of them.

use pipewright::{Event, Pipeline, StageContext, StageError, pipeline_stage};

#[pipeline_stage(id = "passes")]
fn passes(number: u32) -> u32 {
    number
}

#[pipeline_stage(id = "halves")]
fn halves(number: u32) -> Option<u32> {
    assert!(number != 6, "six is too many");
    number.is_multiple_of(2).then_some(number / 2)
}

#[pipeline_stage(id = "speaks")]
fn speaks(number: u32, context: &StageContext) -> u32 {
    context.send_message(format!("saw {number}"));
    assert!(number != 2, "two is too many");
    number
}

#[tokio::test]
async fn panic_in_the_middle_names_stage_and_item() {
    let pipeline = Pipeline::from_iter(0..10_u32).then(passes).then(halves);
    let mut run = pipeline.then(passes).run_local();
    let mut items = Vec::new();
    let error = loop {
        match run.next().await {
            Some(Ok(item)) => items.push(item),
            Some(Err(error)) => break error,
            None => panic!("the run was complete"),
        }
    };
    assert_eq!(items, [0, 1, 2]);
    let cause = error.first_cause();
    assert_eq!(cause.code, StageError::PANICKED);
    assert_eq!(cause.stage.as_deref(), Some("halves"));
    assert_eq!(cause.item, Some(6));
    assert!(
        cause.message.contains("six is too many"),
        "{}",
        cause.message
    );
    assert!(run.next().await.is_none(), "the error comes once");
}

#[tokio::test]
async fn what_the_stage_has_said_before_comes_before_the_failure() {
    let pipeline = Pipeline::from_iter(0..5_u32).then(speaks).then(passes);
    let mut run = pipeline.run_local();
    let mut seen = Vec::new();
    let error = loop {
        match run.next_event().await {
            Some(Ok(Event::Item(item))) => seen.push(item.to_string()),
            Some(Ok(Event::Message(text))) => seen.push(text.to_string()),
            Some(Ok(_)) => {}
            Some(Err(error)) => break error,
            None => panic!("the run was complete"),
        }
    };
    assert_eq!(seen, ["saw 0", "0", "saw 1", "1", "saw 2"]);
    assert_eq!(error.first_cause().stage.as_deref(), Some("speaks"));
    assert_eq!(error.first_cause().item, Some(2));
}

#[tokio::test]
async fn one_of_the_source_is_the_failure_of_the_run() {
    let source = (0..3_u32).inspect(|number| assert!(*number < 2, "the source is at fault"));
    let mut run = Pipeline::from_iter(source).then(passes).run_local();
    assert!(matches!(run.next().await, Some(Ok(0))));
    assert!(matches!(run.next().await, Some(Ok(1))));
    let error = run.next().await.unwrap().unwrap_err();
    let cause = error.first_cause();
    assert_eq!(cause.code, StageError::PANICKED);
    assert_eq!(cause.stage.as_deref(), Some("source"));
    assert!(cause.message.contains("the source is at fault"), "{error}");
}
