//! Text from other programs never controls the terminal.

use pipewright::FunctionError;
use serde_json::Value;

use super::look;
use crate::support::House;

#[tokio::test]
async fn text_of_a_function_is_made_harmless() {
    let house = House::new().await;
    let evil = async |_: Value| {
        let text = "\u{1b}]0;owned\u{7}\u{1b}[2J\rall is well\u{202e}\nhint: fake\nerror: fake";
        Err::<(), _>(FunctionError::new("evil", text))
    };
    house.worker.register_function("f::evil", evil).unwrap();
    house.worker.registered().await.unwrap();
    let ran = look(&house.engine, &["trigger", "f::evil"]).await;
    assert_eq!(ran.code, Some(4));
    let is_harmless = |c: char| c == '\n' || !(c.is_control() || c == '\u{202e}');
    assert!(ran.stderr.chars().all(is_harmless), "{ran:?}");
    let lines = ran.stderr.lines();
    let labels = lines.filter(|line| line.starts_with("hint: ") || line.starts_with("error: "));
    assert_eq!(labels.count(), 2, "{ran:?}");
}
