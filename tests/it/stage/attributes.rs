//! What else stands around a function that becomes a stage.

use pipewright::{Pipeline, pipeline_stage};

/// Names that are a stage's and a variable's at once.
mod text {
    use pipewright::{Receiver, Result, Sender, pipeline_stage};

    #[pipeline_stage]
    pub(super) fn words(line: String) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[pipeline_stage]
    pub(super) async fn count(mut words: Receiver<String>, mut count: Sender<u64>) -> Result<()> {
        let mut number = 0;
        while let Some(words) = words.recv().await? {
            number += u64::from(!words.is_empty());
        }
        count.send(number).await?;
        Ok(())
    }
}

#[tokio::test]
async fn a_variable_may_have_the_name_of_a_stage() {
    use text::{count, words};

    let mut run = Pipeline::from_iter(["a b".to_owned()])
        .then(words)
        .then(count)
        .run_local();
    while let Some(count) = run.next().await {
        assert_eq!(count.unwrap(), 2);
    }
    let words = words::call("a b".to_owned());
    assert_eq!(words, ["a", "b"]);
}

mod other {
    pub(super) mod name {
        pub(crate) use pipewright::*;
    }
}

#[pipeline_stage(crate = "self::other::name")]
fn through_another_path(number: u32) -> u32 {
    number
}

#[cfg(any())]
#[pipeline_stage]
fn left_out_above(number: Missing) -> Missing {
    number
}

#[pipeline_stage]
#[cfg(any())]
fn left_out_below(number: Missing) -> Missing {
    number
}

#[pipeline_stage]
#[deprecated = "for the test"]
fn old(number: u32) -> u32 {
    number
}

#[pipeline_stage]
#[allow(non_snake_case, clippy::many_single_char_names)]
fn Upper((a, _): (u32, u32)) -> u32 {
    a
}

#[tokio::test]
async fn attributes_stay() {
    #[allow(deprecated)]
    let numbers: Vec<u32> = Pipeline::from_iter([(3, 4)])
        .then(Upper)
        .then(old)
        .then(through_another_path)
        .run_local()
        .collect()
        .await
        .unwrap();
    assert_eq!(numbers, [3]);
}

#[test]
fn a_stage_within_a_function_is_small_and_can_be_copied() {
    #[pipeline_stage]
    fn local(number: u32) -> u32 {
        number
    }

    fn copied<T: Copy + Default + std::fmt::Debug + Send + Sync + Unpin + 'static>(value: T) -> T {
        value
    }

    assert_eq!(format!("{:?}", copied(local())), "local");
    assert_eq!(size_of::<local>(), 0);
}
