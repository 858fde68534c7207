use std::task::Poll;

use tokio_test::{assert_pending, assert_ready, assert_ready_err, assert_ready_ok, task};

use super::{PipeLimits, PipeReader, PipeWriter, Popped, pipe};
use crate::wire::{Close, Frame};

const LIMITS: PipeLimits = PipeLimits {
    frames: 2,
    bytes: 10,
};

fn pop(reader: &mut PipeReader) -> Poll<Popped> {
    task::spawn(()).enter(|cx, _| reader.poll_pop(cx))
}

fn ready(writer: &mut PipeWriter) -> Poll<Result<(), Close>> {
    task::spawn(()).enter(|cx, _| writer.poll_ready(cx))
}

fn frame(len: usize) -> Frame {
    Frame::from(vec![7; len])
}

#[test]
fn frames_are_popped_in_order_then_the_end_repeatedly() {
    let (mut writer, mut reader) = pipe(LIMITS);
    assert_pending!(pop(&mut reader));
    writer.push(frame(1));
    writer.push("m".into());
    writer.end(Close::NORMAL);
    assert_eq!(assert_ready!(pop(&mut reader)), Popped::Frame(frame(1)));
    assert_eq!(assert_ready!(pop(&mut reader)), Popped::Frame("m".into()));
    for _ in 0..2 {
        assert_eq!(assert_ready!(pop(&mut reader)), Popped::End(Close::NORMAL));
    }
}

#[test]
fn both_bounds_hold_and_an_oversize_frame_passes_alone() {
    let (mut writer, mut reader) = pipe(LIMITS);
    writer.push(frame(1));
    assert_ready_ok!(ready(&mut writer));
    writer.push(frame(1));
    assert_pending!(ready(&mut writer));
    assert_ready!(pop(&mut reader));
    assert_ready!(pop(&mut reader));
    assert_ready_ok!(ready(&mut writer));
    writer.push(frame(100));
    assert_eq!(writer.queued(), (1, 100));
    assert_eq!(writer.monitor().passed(), (2, 2));
    assert_pending!(ready(&mut writer));
    assert_ready!(pop(&mut reader));
    assert_eq!(writer.queued(), (0, 0));
    assert_eq!(writer.monitor().passed(), (3, 102));
    assert_ready_ok!(ready(&mut writer));
}

#[cfg(feature = "engine")]
#[test]
fn pipe_without_room_in_its_account_passes_single_frames() {
    let budget = crate::transport::Budget::new(8);
    let (mut writer, mut reader) = super::accounted_pipe(LIMITS, budget.account());
    let (mut other, unread) = super::accounted_pipe(LIMITS, budget.account());
    other.push(frame(5));
    for _ in 0..3 {
        assert_ready_ok!(ready(&mut writer));
        writer.push(frame(4));
        let mut waiting = task::spawn(std::future::poll_fn(|cx| writer.poll_ready(cx)));
        assert_pending!(waiting.poll());
        assert_ready!(pop(&mut reader));
        assert!(waiting.is_woken());
    }
    assert_eq!(budget.held(), 5);
    writer.push(frame(4));
    drop((writer, reader, other, unread));
    assert_eq!(budget.held(), 0);
}

#[test]
fn a_waiting_side_is_woken() {
    let (mut writer, mut reader) = pipe(LIMITS);
    let mut reading = task::spawn(std::future::poll_fn(|cx| reader.poll_pop(cx)));
    assert_pending!(reading.poll());
    writer.push(frame(10));
    assert!(reading.is_woken());
    let mut waiting = task::spawn(std::future::poll_fn(|cx| writer.poll_ready(cx)));
    assert_pending!(waiting.poll());
    assert_ready!(reading.poll());
    assert!(waiting.is_woken());
}

#[test]
fn dropped_writer_is_lost_unless_it_ended() {
    let (writer, mut reader) = pipe(LIMITS);
    drop(writer);
    assert_eq!(
        assert_ready!(pop(&mut reader)),
        Popped::End(Close::WRITER_LOST)
    );
    let (mut writer, mut reader) = pipe(LIMITS);
    writer.end(Close::NORMAL);
    drop(writer);
    assert_eq!(assert_ready!(pop(&mut reader)), Popped::End(Close::NORMAL));
}

#[test]
fn stopped_pipe_ends_at_both_ends_as_incomplete() {
    let (mut writer, mut reader) = pipe(LIMITS);
    writer.push(frame(1));
    writer.end(Close::NORMAL);
    writer.monitor().stop(Close::STOPPING);
    let stopped = Popped::End(Close::STOPPING);
    assert_eq!(assert_ready!(pop(&mut reader)), stopped);
    assert_eq!(assert_ready_err!(ready(&mut writer)), Close::STOPPING);
    let (mut writer, mut reader) = pipe(LIMITS);
    writer.end(Close::NORMAL);
    writer.monitor().stop(Close::STOPPING);
    assert_eq!(assert_ready!(pop(&mut reader)), Popped::End(Close::NORMAL));
}

#[test]
fn dropped_reader_fails_the_writer_and_frees_the_queue() {
    let (mut writer, reader) = pipe(LIMITS);
    writer.push(frame(10));
    let mut gone = task::spawn(std::future::poll_fn(|cx| writer.poll_gone(cx)));
    assert_pending!(gone.poll());
    drop(reader);
    assert_eq!(assert_ready!(gone.poll()), Close::READER_GONE);
    drop(gone);
    assert_eq!(assert_ready_err!(ready(&mut writer)), Close::READER_GONE);
    assert_eq!(writer.queued(), (0, 0));
    writer.push(frame(1));
    assert_eq!(writer.queued(), (0, 0));
}
