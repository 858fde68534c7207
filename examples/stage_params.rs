//! Stages with parameters, and with the context of their run.
//!
//! ```console
//! $ cargo run --example stage_params
//! message: 2 of report.txt passed the limit
//! item: 12
//! item: 15
//! refused: stage limit: the parameters cannot be read: missing field `least`; none were set: set them with `with_params`
//! ```

use pipewright::prelude::*;

#[derive(Serialize, Deserialize)]
struct Limit {
    least: u32,
}

/// `params` is set by the pipeline, or by the caller that triggers the stage.
#[pipeline_stage(id = "limit")]
fn limit(number: u32, params: &Limit) -> Option<u32> {
    (number >= params.least).then_some(number)
}

/// The context contains the stream's metadata, and sends messages in order with the items.
#[pipeline_stage(id = "tell")]
fn tell(numbers: Vec<u32>, context: &StageContext) -> Vec<u32> {
    let file = context
        .metadata()
        .and_then(|metadata| metadata["file"].as_str())
        .unwrap_or("?");
    context.send_message(format!("{} of {file} passed the limit", numbers.len()));
    numbers
}

#[derive(Default)]
struct All(Vec<u32>);

/// Collects pairs, for the next stage.
#[pipeline_stage]
fn pair(number: u32, waiting: &mut All) -> Option<Vec<u32>> {
    waiting.0.push(number);
    (waiting.0.len() == 2).then(|| std::mem::take(&mut waiting.0))
}

#[tokio::main]
async fn main() -> Result<()> {
    let mut run = Pipeline::from_iter([3, 12, 7, 15])
        .metadata(serde_json::json!({"file": "report.txt"}))
        .then(limit.with_params(Limit { least: 10 }))
        .then(pair)
        .then(tell)
        .run_local();
    while let Some(event) = run.next_event().await {
        match event? {
            Event::Item(number) => println!("item: {number}"),
            Event::Message(text) => println!("message: {text}"),
            _ => {}
        }
    }

    let refused = Pipeline::from_iter([1])
        .then(limit)
        .run_local()
        .collect::<Vec<_>>()
        .await;
    if let Err(error) = refused {
        println!("refused: {error}");
    }
    Ok(())
}
