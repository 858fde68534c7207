//! Ends return the same result on every call, and report how they ended.

use pipewright::{Abort, ChannelReader, Verdict};
use tokio::time::{sleep, timeout};

use super::{MILLI, SECOND};
use crate::support::{over_both, pattern, within};

#[tokio::test]
async fn gone_does_not_change_a_good_end() {
    over_both(async |house| {
        let channel = house.channel().await;
        let (mut writer, mut reader) = (channel.writer, channel.reader);
        writer.write("data").await.unwrap();
        within(writer.close()).await.unwrap();
        let gone = timeout(300 * MILLI, writer.gone()).await;
        let verdict = writer.report().verdict;
        let again = within(writer.close()).await;
        assert_eq!(within(reader.read_all()).await.unwrap(), "data");
        let whole = matches!(verdict, Some(Verdict::Complete));
        assert!(whole && again.is_ok(), "{gone:?}, {verdict:?}, {again:?}");
    })
    .await;
}

#[tokio::test]
async fn failed_writer_has_a_failed_verdict() {
    over_both(async |house| {
        let channel = house.channel().await;
        let (mut writer, mut reader) = (channel.writer, channel.reader);
        writer.write("data").await.unwrap();
        writer.flush().await.unwrap();
        reader.next_bytes().await.unwrap();
        drop(reader);
        if house.engine.is_pipewright() {
            let gone = within(writer.gone()).await;
            assert!(gone.is_reader_gone());
        } else {
            // An iii engine drops the connection of the writer, and only when it sends more.
            let refused = async {
                while writer.write("data").await.is_ok() && writer.flush().await.is_ok() {}
            };
            within(refused).await;
        }
        let verdict = writer.report().verdict;
        assert!(matches!(verdict, Some(Verdict::Failed(_))), "{verdict:?}");
    })
    .await;
}

#[tokio::test]
async fn work_between_writes_is_not_counted_as_waiting() {
    over_both(async |house| {
        let channel = house.narrow().await;
        let (mut writer, mut reader) = (channel.writer, channel.reader);
        reader.connect().await.unwrap();
        let reading = tokio::spawn(async move { reader.read_all().await });
        // More than can be sent at once, so that a part remains.
        writer.write(pattern(8 << 20)).await.unwrap();
        sleep(SECOND).await;
        writer.write("the rest").await.unwrap();
        within(writer.close()).await.unwrap();
        within(reading).await.unwrap().unwrap();
        let waited = writer.report().waited;
        assert!(waited < SECOND, "waited {waited:?}");
    })
    .await;
}

#[tokio::test]
async fn connect_fails_each_time() {
    over_both(async |house| {
        let mut unknown = house.channel().await.reader_ref;
        unknown.channel_id = "unknown".to_owned();
        let mut reader = ChannelReader::new(house.address(), &unknown);
        within(reader.connect()).await.unwrap_err();
        let again = within(reader.connect()).await;
        assert!(again.is_err(), "{again:?}");
    })
    .await;
}

#[tokio::test]
async fn header_fails_each_time() {
    over_both(async |house| {
        let channel = house.channel().await;
        let (mut writer, mut reader) = (channel.writer.plain(), channel.reader);
        writer.connect().await.unwrap();
        writer.abort(Abort::new("no", "no")).await.unwrap();
        // An iii engine closes the reader without a code, as it does at a good end.
        let fails = house.engine.is_pipewright();
        for _ in 0..2 {
            let header = within(reader.header()).await;
            assert_eq!(header.is_err(), fails, "{header:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn unused_reader_that_is_closed_releases_its_writer() {
    over_both(async |house| {
        let channel = house.channel().await;
        let (mut writer, mut reader) = (channel.writer, channel.reader);
        within(reader.close()).await;
        writer.write(pattern(16 << 20)).await.unwrap();
        let flushed = timeout(3 * SECOND, writer.flush()).await;
        // An iii engine drops the connection of the writer without a reason.
        let is_named = house.engine.is_pipewright();
        let told = match &flushed {
            Ok(Err(error)) => error.is_reader_gone() || !is_named,
            _ => false,
        };
        assert!(told, "three seconds later: {flushed:?}");
    })
    .await;
}

#[tokio::test]
async fn work_between_reads_is_not_counted_as_waiting() {
    over_both(async |house| {
        let channel = house.channel().await;
        let (mut writer, mut reader) = (channel.writer, channel.reader);
        writer.connect().await.unwrap();
        reader.connect().await.unwrap();
        timeout(10 * MILLI, reader.next_bytes()).await.unwrap_err();
        sleep(SECOND).await;
        writer.write("data").await.unwrap();
        within(writer.close()).await.unwrap();
        within(reader.read_all()).await.unwrap();
        let waited = reader.report().waited;
        assert!(waited < SECOND, "waited {waited:?}");
    })
    .await;
}
