//! Items in quick succession are joined into frames, which the other end counts.

use std::time::Instant;

use bytes::Bytes;
use pipewright::format::Raw;
use pipewright::{Channel, ChannelReader, Frame, Sender};
use tokio::runtime::{Builder, Runtime};

use crate::support::{House, within};

const ITEMS: u32 = 100_000;

/// Number of data frames, and their bytes.
async fn count(mut reader: ChannelReader) -> (u64, u64) {
    let (mut frames, mut bytes) = (0, 0);
    while let Some(frame) = within(reader.next_frame()).await.unwrap() {
        if let Frame::Data(data) = frame {
            frames += 1;
            bytes += data.len() as u64;
        }
    }
    assert!(reader.report().verdict.unwrap().is_verified());
    (frames, bytes)
}

async fn send(mut sender: Sender<Bytes, Raw>) {
    let item = Bytes::from_static(&[7; 1000]);
    for _ in 0..ITEMS {
        sender.send(item.clone()).await.unwrap();
    }
    sender.close().await.unwrap();
    assert_eq!(sender.report().items, u64::from(ITEMS));
}

/// Sends items from a task or from `block_on`, and compares the frames with the rule of `Sender`.
///
/// A frame is smaller than 64 KiB only if items have waited for a tick of the timer, of 1 ms, or if
/// `send` sends a single item, of which at most eight follow a tick. The time includes pauses in
/// which the system runs other processes, so the bound also holds on a busy machine. It is far
/// below one frame per item.
fn joins_items(runtime: &Runtime, house: &House, from_task: bool) {
    runtime.block_on(async {
        let channel: Channel<Bytes, Raw> = house.worker.channel(None).await.unwrap();
        let reader = ChannelReader::new(house.address(), channel.reader_ref.get_ref());
        let counting = tokio::spawn(count(reader));
        let begun = Instant::now();
        if from_task {
            tokio::spawn(send(channel.sender)).await.unwrap();
        } else {
            send(channel.sender).await;
        }
        let took = begun.elapsed();
        let (frames, bytes) = counting.await.unwrap();
        println!(
            "at {}, from a task {from_task}: {frames} frames of {} bytes in {took:?}",
            house.address(),
            bytes / frames
        );
        let full = bytes.div_ceil(64 << 10);
        let ticks = u64::try_from(took.as_millis()).unwrap();
        assert!(
            frames <= full + 9 * (ticks + 1),
            "{frames} frames in {took:?}"
        );
    });
}

fn fills_frames(runtime: &Runtime) {
    for house in runtime.block_on(House::both()) {
        for from_task in [true, false] {
            joins_items(runtime, &house, from_task);
        }
    }
}

#[test]
fn on_one_thread() {
    fills_frames(&Builder::new_current_thread().enable_all().build().unwrap());
}

#[test]
fn on_many_threads() {
    fills_frames(&Builder::new_multi_thread().enable_all().build().unwrap());
}
