use bytes::Bytes;

use super::Packer;
use crate::channel::WriteError;
use crate::wire::{Frame, MAX_FRAME};

/// Lengths of the data frames; 0 for a message.
fn lengths(packer: &mut Packer) -> Vec<usize> {
    std::iter::from_fn(|| packer.pop())
        .map(|frame| match frame {
            Frame::Data(bytes) => bytes.len(),
            Frame::Message(_) => 0,
        })
        .collect()
}

fn zeros(len: usize) -> Bytes {
    vec![0; len].into()
}

#[test]
fn small_writes_are_joined_and_long_ones_cut() {
    let mut packer = Packer::new();
    for _ in 0..10 {
        packer.data(zeros(10));
    }
    assert_eq!(packer.pop(), None);
    packer.data(zeros(2 * MAX_FRAME));
    assert_eq!(lengths(&mut packer), [MAX_FRAME, MAX_FRAME]);
    packer.flush();
    assert_eq!(lengths(&mut packer), [100]);
    assert!(packer.is_empty());
    assert_eq!(packer.bytes(), 100 + 2 * MAX_FRAME as u64);
}

#[test]
fn a_message_goes_out_after_the_data_before_it() {
    let mut packer = Packer::new();
    packer.data(zeros(1));
    packer.message("m".into()).unwrap();
    packer.data(zeros(2));
    packer.end();
    assert_eq!(lengths(&mut packer), [1, 0, 2, 0]);
}

#[test]
fn frames_end_where_items_end() {
    let mut packer = Packer::new();
    let mut item = |len| {
        let appended = packer.item::<()>(|out| {
            out.extend_from_slice(&zeros(len));
            Ok(())
        });
        appended.unwrap();
    };
    item(MAX_FRAME - 1);
    item(2);
    item(3 * MAX_FRAME);
    packer.flush();
    let two_and_more = [MAX_FRAME - 1, 2, MAX_FRAME, MAX_FRAME, MAX_FRAME];
    assert_eq!(lengths(&mut packer), two_and_more);
    let failed = packer.item(|out| {
        out.extend_from_slice(b"half an item");
        Err("no")
    });
    assert_eq!(failed, Err("no"));
    assert!(packer.is_empty());
    assert_eq!(packer.items(), 3);
}

#[test]
fn what_readers_would_take_for_the_protocol_is_refused() {
    let mut packer = Packer::new();
    let reserved = packer.message(r#"{"type":"end","pipewright":1}"#.into());
    assert!(matches!(reserved, Err(WriteError::ReservedMessage)));
    let long = packer.message("x".repeat((16 << 20) + 1).into());
    assert!(matches!(long, Err(WriteError::MessageTooLong { .. })));
    assert!(packer.is_empty());
}
