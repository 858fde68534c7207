//! Models of the pipe with its ends in separate tasks, run by shuttle in many interleavings. They
//! check that nothing is lost, and that no task waits forever, which shuttle reports as a deadlock.

use std::future::poll_fn;

use shuttle::future::block_on;
use shuttle::thread;

use super::{PipeLimits, PipeReader, PipeWriter, Popped, pipe};
use crate::sync::every_order;
use crate::wire::{Close, Frame};

const ONE: PipeLimits = PipeLimits {
    frames: 1,
    bytes: 10,
};

fn frame(n: u8) -> Frame {
    Frame::from(vec![n])
}

async fn write(writer: &mut PipeWriter, n: u8) -> Result<(), Close> {
    poll_fn(|cx| writer.poll_ready(cx)).await?;
    writer.push(frame(n));
    Ok(())
}

async fn pop(reader: &mut PipeReader) -> Popped {
    poll_fn(|cx| reader.poll_pop(cx)).await
}

#[test]
fn all_frames_pass_in_order_and_then_the_end() {
    every_order(|| {
        let (mut writer, mut reader) = pipe(ONE);
        let writing = thread::spawn(move || {
            block_on(async move {
                for n in 0..3 {
                    write(&mut writer, n).await.unwrap();
                }
                writer.end(Close::NORMAL);
            });
        });
        block_on(async move {
            for n in 0..3 {
                assert_eq!(pop(&mut reader).await, Popped::Frame(frame(n)));
            }
            assert_eq!(pop(&mut reader).await, Popped::End(Close::NORMAL));
        });
        writing.join().unwrap();
    });
}

#[test]
fn a_writer_that_waits_learns_that_the_reader_has_gone() {
    every_order(|| {
        let (mut writer, mut reader) = pipe(ONE);
        let writing = thread::spawn(move || {
            block_on(async move {
                let mut n = 0;
                loop {
                    if let Err(close) = write(&mut writer, n).await {
                        return (n, close);
                    }
                    n += 1;
                }
            })
        });
        block_on(async move {
            assert_eq!(pop(&mut reader).await, Popped::Frame(frame(0)));
        });
        let (written, close) = writing.join().unwrap();
        assert!((1..=2).contains(&written), "{written} frames");
        assert_eq!(close, Close::READER_GONE);
    });
}

#[test]
fn stopped_pipe_never_ends_as_a_complete_stream() {
    every_order(|| {
        let (mut writer, mut reader) = pipe(ONE);
        let monitor = writer.monitor();
        let writing = thread::spawn(move || {
            block_on(async move {
                for n in 0..3 {
                    if write(&mut writer, n).await.is_err() {
                        break;
                    }
                }
                poll_fn(|cx| writer.poll_gone(cx)).await
            })
        });
        let reading = thread::spawn(move || {
            block_on(async move {
                loop {
                    if let Popped::End(close) = pop(&mut reader).await {
                        return (close, reader);
                    }
                }
            })
        });
        monitor.stop(Close::STOPPING);
        // Keeps the reader alive, so that only the stop can wake the writer.
        let (close, _reader) = reading.join().unwrap();
        assert_eq!(close, Close::STOPPING);
        assert_eq!(writing.join().unwrap(), Close::STOPPING);
    });
}
