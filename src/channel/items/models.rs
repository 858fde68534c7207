//! Models of a sender and its flusher in separate tasks, run by shuttle in many interleavings. They
//! check that sent items arrive without a flush or close, and that no task waits forever, which
//! shuttle reports as a deadlock.

use std::future::poll_fn;
use std::sync::Arc;

use shuttle::future::block_on;
use shuttle::thread;

use super::sender::encoder::ItemEncoder;
use super::sender::flusher;
use crate::channel::link::Link;
use crate::channel::writer::Outbox;
use crate::channel::{ChannelWriter, MessageQueue, QueuedMessage, StreamStats};
use crate::codec::Lines;
use crate::sync::every_order;
use crate::transport::{Memory, PipeLimits, PipeReader, Popped, pipe};
use crate::wire::Frame;

/// One frame at a time, so that sender and flusher have to wait for the reader.
const ONE: PipeLimits = PipeLimits {
    frames: 1,
    bytes: 64,
};

/// Creates the sending half, whose flusher task ends with the sender, and the other end of the
/// connection.
fn sender(
    message_queue: Option<MessageQueue>,
) -> (Arc<ItemEncoder<Lines>>, PipeReader, thread::JoinHandle<()>) {
    let (writer, reader) = pipe(ONE);
    let mut writer = ChannelWriter::over(Link::Open(Box::new(Memory::writer(writer))));
    if let Some(message_queue) = message_queue {
        writer = writer.attached(StreamStats::new(), message_queue);
    }
    let encoder = Arc::new(ItemEncoder::new(
        writer.into_outbox(),
        Lines::default(),
        true,
    ));
    encoder.send_aside();
    let flushed = Arc::clone(&encoder);
    let flusher = thread::spawn(move || block_on(flusher::run(&flushed, None)));
    (encoder, reader, flusher)
}

fn send(encoder: &ItemEncoder<Lines>, item: &str) {
    block_on(async {
        poll_fn(|cx| encoder.poll_ready(cx)).await.unwrap();
        encoder.push(item.to_owned()).unwrap();
    });
}

/// Waits for the payload `expected`, in frames of any size, and passes messages to `message`.
fn read(reader: &mut PipeReader, expected: &str, mut message: impl FnMut(&str)) {
    let mut payload = Vec::new();
    while payload != expected.as_bytes() {
        match block_on(poll_fn(|cx| reader.poll_pop(cx))) {
            Popped::Frame(Frame::Data(bytes)) => payload.extend_from_slice(&bytes),
            Popped::Frame(Frame::Message(text)) => message(&text),
            Popped::End(close) => panic!("{close} after {payload:?}"),
        }
        assert!(expected.as_bytes().starts_with(&payload), "{payload:?}");
    }
}

#[test]
fn items_arrive_without_a_flush() {
    every_order(|| {
        let (encoder, mut reader, flusher) = sender(None);
        let sending = Arc::clone(&encoder);
        let sender = thread::spawn(move || ["a", "b", "c"].map(|item| send(&sending, item)));
        read(&mut reader, "a\nb\nc\n", |_| ());
        sender.join().unwrap();
        encoder.leave();
        flusher.join().unwrap();
    });
}

/// Both tasks wait for room in the pipe; the second must not replace the first one's waker.
#[test]
fn sender_and_flusher_both_keep_their_waker() {
    every_order(|| {
        let (encoder, mut reader, flusher) = sender(None);
        let sending = Arc::clone(&encoder);
        let sender = thread::spawn(move || {
            for item in ["a", "b", "c"] {
                send(&sending, item);
                block_on(poll_fn(|cx| sending.poll(cx, Outbox::poll_flush))).unwrap();
            }
        });
        read(&mut reader, "a\nb\nc\n", |_| ());
        sender.join().unwrap();
        encoder.leave();
        flusher.join().unwrap();
    });
}

#[test]
fn an_item_after_a_pause_arrives() {
    every_order(|| {
        let (encoder, mut reader, flusher) = sender(None);
        for item in ["a", "b"] {
            send(&encoder, item);
            read(&mut reader, &format!("{item}\n"), |_| ());
        }
        encoder.leave();
        flusher.join().unwrap();
    });
}

#[test]
fn what_others_put_in_goes_out_while_the_sender_rests() {
    every_order(|| {
        let message_queue = MessageQueue::default();
        let (encoder, mut reader, flusher) = sender(Some(message_queue.clone()));
        let other =
            thread::spawn(move || message_queue.push(QueuedMessage::Message("beside".into())));
        let mut seen = false;
        send(&encoder, "a");
        read(&mut reader, "a\n", |text| seen |= text == "beside");
        while !seen {
            match block_on(poll_fn(|cx| reader.poll_pop(cx))) {
                Popped::Frame(Frame::Message(text)) => seen = &*text == "beside",
                other => panic!("{other:?}"),
            }
        }
        other.join().unwrap();
        encoder.leave();
        flusher.join().unwrap();
    });
}
