//! Messages of the maximum length, and longer ones.

use pipewright::Abort;
use serde_json::json;

use crate::support::{chain, over_both, within};

#[tokio::test]
async fn abort_with_a_long_text_reaches_the_reader() {
    over_both(async |house| {
        let channel = house.channel().await;
        let (mut writer, mut reader) = (channel.writer, channel.reader);
        writer.write("data").await.unwrap();
        let told = within(writer.abort(Abort::new("long", "x".repeat(17 << 20)))).await;
        let error = within(reader.read_all()).await.unwrap_err();
        let code = error.abort().map(|abort| abort.code.clone());
        let text: String = error.to_string().chars().take(200).collect();
        assert_eq!(
            code.as_deref(),
            Some("long"),
            "{told:?}, the reader: {text}"
        );
    })
    .await;
}

#[tokio::test]
async fn metadata_over_the_limit_are_refused_at_both_ends() {
    over_both(async |house| {
        let channel = house.channel().await;
        let mut writer = channel.writer.with_content(json!("x".repeat(17 << 20)));
        let mut reader = channel.reader;
        let wrote = within(async {
            writer.write("data").await?;
            writer.close().await
        });
        let (wrote, read) = tokio::join!(wrote, within(reader.read_all()));
        let read = read.map_err(|error| chain(&error).chars().take(200).collect::<String>());
        let text = wrote
            .as_ref()
            .map_or_else(|error| chain(error), |()| String::new());
        let agree = wrote.is_ok() == read.is_ok();
        let helps = wrote.is_ok() || text.contains("limit");
        assert!(
            agree && helps,
            "the writer: {wrote:?}, the reader: {read:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn the_longest_message_passes() {
    over_both(async |house| {
        let channel = house.channel().await;
        let (mut writer, mut reader) = (channel.writer, channel.reader);
        let writing = async {
            writer.send_message("x".repeat(16 << 20)).await.unwrap();
            writer.close().await.unwrap();
        };
        let (frame, ()) = tokio::join!(within(reader.next_frame()), within(writing));
        assert_eq!(frame.unwrap().unwrap().len(), 16 << 20);
    })
    .await;
}
