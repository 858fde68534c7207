//! Every async method is dropped repeatedly, at every await. Nothing is lost, sent twice or
//! truncated.

use pipewright::{ByteChannel, ChannelReader, ChannelWriter, Frame, WriteError};
use tokio::io::AsyncReadExt;
use tokio::task::yield_now;

use crate::support::{House, assert_same, cancelled_after, over_both, pattern, within};

/// Repeats `attempt`, dropped at a different point each time, until it completes.
async fn insist<T>(random: &mut fastrand::Rng, mut attempt: impl AsyncFnMut() -> T) -> T {
    loop {
        let polls = random.usize(..3);
        if let Some(output) = cancelled_after(polls, attempt()).await {
            return output;
        }
        yield_now().await;
    }
}

/// The written data: pieces of awkward sizes, and a message after each.
fn pieces() -> Vec<Vec<u8>> {
    let sizes = [1, 65_535, 65_536, 65_537, 0, 200_000, 10, 131_072];
    sizes.into_iter().cycle().take(40).map(pattern).collect()
}

async fn write_and_cancel(mut writer: ChannelWriter) {
    let mut random = fastrand::Rng::with_seed(1);
    insist(&mut random, async || writer.connect().await)
        .await
        .unwrap();
    for (number, piece) in pieces().into_iter().enumerate() {
        // Not ready means that nothing was accepted.
        insist(&mut random, async || writer.write(piece.clone()).await)
            .await
            .unwrap();
        insist(&mut random, async || writer.flush().await)
            .await
            .unwrap();
        // The message may have been accepted before its flush was dropped; the report shows it.
        let sent = number as u64;
        while writer.report().messages == sent {
            let message = writer.send_message(format!("after {number}"));
            if let Some(sent) = cancelled_after(random.usize(..3), message).await {
                sent.unwrap();
            }
            yield_now().await;
        }
    }
    insist(&mut random, async || writer.close().await)
        .await
        .unwrap();
    assert!(writer.report().verdict.unwrap().is_verified());
}

/// The expected result, with the position of each message in bytes.
fn expected() -> (Vec<u8>, Vec<(usize, String)>) {
    let mut data = Vec::new();
    let mut messages = Vec::new();
    for (number, piece) in pieces().iter().enumerate() {
        data.extend_from_slice(piece);
        messages.push((data.len(), format!("after {number}")));
    }
    (data, messages)
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_and_reads_of_frames() {
    over_both(async |house| {
        let channel = house.narrow().await;
        let mut reader = channel.reader;
        let reading = async {
            let mut random = fastrand::Rng::with_seed(2);
            let (mut data, mut messages) = (Vec::new(), Vec::new());
            insist(&mut random, async || reader.header().await.map(|_| ()))
                .await
                .unwrap();
            while let Some(frame) = insist(&mut random, async || reader.next_frame().await)
                .await
                .unwrap()
            {
                match frame {
                    Frame::Data(bytes) => data.extend_from_slice(&bytes),
                    Frame::Message(text) => messages.push((data.len(), text.to_string())),
                }
            }
            (data, messages)
        };
        let writing = write_and_cancel(channel.writer);
        let ((), (data, messages)) = tokio::join!(writing, within(reading));
        let (expected_data, expected_messages) = expected();
        assert_same(&data, &expected_data, "data");
        assert_eq!(messages, expected_messages);
        assert!(reader.report().verdict.unwrap().is_verified());
    })
    .await;
}

/// Reads everything with one of the reader's methods, while the writer is cancelled as well.
async fn read_by(channel: ByteChannel, read: impl AsyncFnOnce(ChannelReader) -> Vec<u8>) {
    let reading = within(read(channel.reader));
    let ((), data) = tokio::join!(write_and_cancel(channel.writer), reading);
    assert_same(&data, &expected().0, "data");
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_of_bytes() {
    over_both(async |house| {
        read_by(house.narrow().await, async |mut reader| {
            let mut random = fastrand::Rng::with_seed(3);
            let mut data = Vec::new();
            while let Some(bytes) = insist(&mut random, async || reader.next_bytes().await)
                .await
                .unwrap()
            {
                data.extend_from_slice(&bytes);
            }
            data
        })
        .await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_by_async_read() {
    over_both(async |house| {
        read_by(house.narrow().await, async |mut reader| {
            let mut random = fastrand::Rng::with_seed(4);
            let mut data = Vec::new();
            loop {
                let mut buffer = vec![0; random.usize(1..70_000)];
                let read = insist(&mut random, async || reader.read(&mut buffer).await);
                match read.await.unwrap() {
                    0 => return data,
                    len => data.extend_from_slice(&buffer[..len]),
                }
            }
        })
        .await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn read_all_gives_back_what_it_had_collected() {
    over_both(async |house| {
        read_by(house.narrow().await, async |mut reader| {
            let mut random = fastrand::Rng::with_seed(5);
            let all = insist(&mut random, async || reader.read_all().await).await;
            all.unwrap().to_vec()
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn dropped_abort_and_close_continue() {
    over_both(async |house| {
        for polls in 0..4 {
            let channel = house.channel().await;
            let (mut writer, mut reader) = (channel.writer, channel.reader);
            writer.write("x").await.unwrap();
            let abort = pipewright::Abort::new("c", "m");
            cancelled_after(polls, writer.abort(abort)).await;
            drop(writer);
            let error = within(reader.read_all()).await.unwrap_err();
            assert_eq!(error.abort().unwrap().code, "c", "after {polls} polls");

            let channel = house.channel().await;
            let (mut writer, mut reader) = (channel.writer, channel.reader);
            writer.connect().await.unwrap();
            within(reader.header()).await.unwrap();
            cancelled_after(polls, reader.close()).await;
            drop(reader);
            if house.engine.is_pipewright() {
                assert!(within(writer.gone()).await.is_reader_gone());
            } else {
                // An iii engine never notifies an idle writer.
                while within(writer.write("more")).await.is_ok() {}
            }
        }
    })
    .await;
}

/// Cancels the stream with `cancel`, and returns what a writer that keeps writing sees.
async fn learned_by_writer(house: &House, cancel: impl AsyncFn(ChannelReader)) -> WriteError {
    let channel = house.channel().await;
    let (mut writer, reader) = (channel.writer, channel.reader);
    writer.write("x").await.unwrap();
    writer.flush().await.unwrap();
    let cancelled = cancel(reader);
    let written = async {
        loop {
            let sent = async {
                writer.write("more").await?;
                writer.flush().await
            };
            if let Err(error) = sent.await {
                break error;
            }
            yield_now().await;
        }
    };
    let ((), error) = within(async { tokio::join!(cancelled, written) }).await;
    // Every operation returns the same error again.
    let reason = error.cancel_reason().map(str::to_owned);
    let close = writer.close().await.unwrap_err();
    let gone = writer.gone().await;
    for again in [close, gone] {
        // An iii engine drops the writer's connection without a close.
        assert!(
            again.is_reader_gone() || !house.engine.is_pipewright(),
            "{again:?}"
        );
        assert_eq!(again.cancel_reason().map(str::to_owned), reason);
    }
    error
}

#[tokio::test]
async fn cancel_reason_reaches_the_writer() {
    over_both(async |house| {
        let unused = async |mut reader: ChannelReader| reader.cancel("not wanted").await;
        let reading = async |mut reader: ChannelReader| {
            reader.next_bytes().await.unwrap();
            reader.cancel("not wanted").await;
            // The first reason counts.
            reader.cancel("something else").await;
            reader.close().await;
            assert!(reader.next_bytes().await.is_err());
        };
        let dropped = async |mut reader: ChannelReader| {
            reader.connect().await.unwrap();
            cancelled_after(0, reader.cancel("not wanted")).await;
            drop(reader);
        };
        for error in [
            learned_by_writer(&house, unused).await,
            learned_by_writer(&house, reading).await,
            learned_by_writer(&house, dropped).await,
        ] {
            if house.engine.is_pipewright() {
                assert_eq!(error.cancel_reason(), Some("not wanted"), "{error:?}");
                assert!(error.to_string().contains("not wanted"), "{error}");
                assert!(error.is_reader_gone());
                let kind = std::io::Error::from(error).kind();
                assert_eq!(kind, std::io::ErrorKind::BrokenPipe);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn long_and_empty_cancel_reasons_are_carried() {
    over_both(async |house| {
        let long = "ä€".repeat(100);
        for reason in ["", "x", &long] {
            let cancel = async |mut reader: ChannelReader| reader.cancel(reason).await;
            let error = learned_by_writer(&house, cancel).await;
            if house.engine.is_pipewright() {
                let told = error.cancel_reason().unwrap();
                assert!(reason.starts_with(told), "{told}");
                assert!(told.len() >= reason.len().min(94), "{told}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn plain_close_of_a_reader_has_no_reason() {
    over_both(async |house| {
        let close = async |mut reader: ChannelReader| reader.close().await;
        let error = learned_by_writer(&house, close).await;
        assert_eq!(error.cancel_reason(), None);
    })
    .await;
}

#[tokio::test]
async fn cancel_after_the_verdict_says_nothing() {
    over_both(async |house| {
        let channel = house.channel().await;
        let (mut writer, mut reader) = (channel.writer, channel.reader);
        writer.write("x").await.unwrap();
        let (closed, read) = tokio::join!(writer.close(), reader.read_all());
        closed.unwrap();
        assert_eq!(read.unwrap(), "x");
        within(reader.cancel("too late")).await;
        assert!(reader.report().verdict.unwrap().is_complete());
        assert!(writer.report().verdict.unwrap().is_complete());
    })
    .await;
}
