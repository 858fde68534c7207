//! Dead letters that go to a file, a closure or a tokio channel, with and without an engine.

use std::sync::{Arc, Mutex};

use pipewright::{
    DeadLetter, DeadLetters, ItemStageExt, Pipeline, Result, RunError, Worker, pipeline_stage,
};
use tokio::sync::mpsc;

#[pipeline_stage(id = "letter_boxes::parse")]
fn parse(text: String) -> Result<u32> {
    Ok(text.parse()?)
}

/// Runs over four items, two of which are bad, fused and over channels.
async fn both(letters: impl Fn() -> DeadLetters) -> [std::result::Result<Vec<u32>, RunError>; 2] {
    let make = || {
        let texts = ["1", "x", "3", "y"].map(str::to_owned);
        Pipeline::from_iter(texts).then(parse.dead_letter(letters()))
    };
    let fused = make().run_local().collect().await;
    let worker = Worker::embedded().await.unwrap();
    let over_channels = make().start(&worker).await.unwrap().collect().await;
    [fused, over_channels]
}

fn summary(letter: &DeadLetter) -> (String, u64, Vec<u8>) {
    (letter.stage.clone(), letter.item, letter.bytes.to_vec())
}

fn expected() -> [(String, u64, Vec<u8>); 2] {
    let stage = || "letter_boxes::parse".to_owned();
    [
        (stage(), 1, b"\"x\"\n".to_vec()),
        (stage(), 3, b"\"y\"\n".to_vec()),
    ]
}

#[tokio::test]
async fn letters_are_in_the_file_when_the_run_is_over() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("dead.ndjson");
    for ran in both(|| DeadLetters::file(&path)).await {
        assert_eq!(ran.unwrap(), [1, 3]);
    }
    let text = std::fs::read_to_string(&path).unwrap();
    let letters = text
        .lines()
        .map(|line| summary(&serde_json::from_str(line).unwrap()));
    let twice: Vec<_> = expected().into_iter().chain(expected()).collect();
    assert_eq!(letters.collect::<Vec<_>>(), twice);
}

#[tokio::test]
async fn a_file_that_cannot_be_opened_fails_the_run() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("missing").join("dead.ndjson");
    for ran in both(|| DeadLetters::file(&path)).await {
        let error = ran.unwrap_err();
        assert_eq!(error.first_cause().item, Some(1));
        let text = error.to_string();
        assert!(text.contains("dead letters cannot be written to"), "{text}");
        assert!(text.contains("invalid digit"), "{text}");
    }
}

#[tokio::test]
async fn a_closure_gets_each_letter() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let letters = || {
        let seen = Arc::clone(&seen);
        DeadLetters::each(move |letter| {
            let seen = Arc::clone(&seen);
            async move {
                tokio::task::yield_now().await;
                seen.lock().unwrap().push(summary(&letter));
                Ok::<_, pipewright::Error>(())
            }
        })
    };
    for ran in both(letters).await {
        assert_eq!(ran.unwrap(), [1, 3]);
    }
    let twice: Vec<_> = expected().into_iter().chain(expected()).collect();
    assert_eq!(*seen.lock().unwrap(), twice);
}

#[tokio::test]
async fn an_error_of_the_closure_fails_the_run() {
    let letters = || DeadLetters::each(async |_| Err::<(), _>("the disk is full"));
    for ran in both(letters).await {
        let error = ran.unwrap_err();
        assert_eq!(error.first_cause().item, Some(1));
        assert!(error.to_string().contains("the disk is full"), "{error}");
    }
}

#[tokio::test]
async fn a_channel_of_the_process_gets_each_letter() {
    let (sender, mut receiver) = mpsc::channel(8);
    for ran in both(|| sender.clone().into()).await {
        assert_eq!(ran.unwrap(), [1, 3]);
        let letters = [
            receiver.recv().await.unwrap(),
            receiver.recv().await.unwrap(),
        ];
        assert_eq!(letters.each_ref().map(summary), expected());
    }
    drop(receiver);
    for ran in both(|| sender.clone().into()).await {
        let text = ran.unwrap_err().to_string();
        assert!(
            text.contains("the receiver of the dead letters is gone"),
            "{text}"
        );
    }
}
