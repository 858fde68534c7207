//! Connections that break, or bytes that change, at each byte of a stream.

use pipewright::testing::faults::{Fault, FaultPlan, Way};
use pipewright::{ChannelReader, ChannelWriter, WriteError};

use super::{DEAD, Scene};
use crate::support::{assert_same, pattern, within};

/// Longer than a frame with a short header, so that headers of two lengths are cut.
const PAYLOAD: usize = 200;

/// The reader's result: everything, or an error.
async fn transfer(writer: ChannelWriter, mut reader: ChannelReader) -> Option<bool> {
    // A damaged length makes one side wait for bytes that are never sent.
    let mut writer = writer.close_timeout(DEAD);
    let payload = pattern(PAYLOAD);
    let sent = payload.clone();
    let writing = async move {
        writer.write(sent).await?;
        writer.close().await
    };
    let transfer = async {
        tokio::pin!(writing);
        let reading = reader.read_all();
        tokio::pin!(reading);
        tokio::select! {
            read = &mut reading => read.ok(),
            // The reader's verdict counts. But a writer that never connected is awaited as long as
            // the engine keeps its channel.
            written = &mut writing => match written {
                Err(WriteError::Connect(_)) => None,
                _ => reading.await.ok(),
            },
        }
    };
    let read = within(transfer).await?;
    assert_same(&read, &payload, "taken for whole");
    reader.report().verdict.map(|verdict| verdict.is_verified())
}

/// Runs a stream with `fault` after each of its first bytes in one direction, until the fault comes
/// after the whole stream. Returns how many streams were complete in spite of the fault, and how
/// many failed.
async fn at_each_byte(way: Way, faulty_reader: bool, fault: impl Fn(u64) -> Fault) -> (u64, u64) {
    let scene = Scene::new(FaultPlan::new()).await;
    let (mut whole, mut failed) = (0, 0);
    for at in 0.. {
        let plan = FaultPlan::new().behind_handshake();
        scene.proxy.set_plan(plan.after(at, way, fault(at)));
        let (writer, reader) = if faulty_reader {
            scene.faulty_reader().await
        } else {
            scene.faulty_writer().await
        };
        // Without codes, a writer that is lost before its first frame looks like an empty stream.
        let reader = if scene.house.engine.is_pipewright() {
            reader
        } else {
            reader.expect_header()
        };
        let struck = scene.proxy.strikes().len();
        match transfer(writer, reader).await {
            Some(_) => whole += 1,
            None => failed += 1,
        }
        if scene.proxy.strikes().len() == struck {
            break;
        }
    }
    scene.house.serves().await;
    (whole, failed)
}

/// Whether the engine states why a stream ended.
async fn has_codes() -> bool {
    crate::support::TestEngine::start().await.is_pipewright()
}

#[tokio::test]
async fn reader_cut_off_at_any_byte_never_reports_completion() {
    let (whole, failed) = at_each_byte(Way::ToClient, true, |_| Fault::Cut).await;
    assert!(failed > PAYLOAD as u64, "{failed}");
    // After the end message, after each byte of the close, and never.
    let close = if has_codes().await { 4 } else { 2 };
    assert_eq!(whole, close + 2);
}

#[tokio::test]
async fn writer_cut_off_at_any_byte_never_completes_the_stream() {
    for fault in [Fault::Cut, Fault::HalfClose, Fault::Reset] {
        let (whole, failed) = at_each_byte(Way::ToEngine, false, |_| fault).await;
        assert!(failed > PAYLOAD as u64, "{fault:?}: {failed}");
        assert!(whole >= 1, "{fault:?}");
    }
}

#[tokio::test]
async fn reset_at_any_byte_never_completes_the_stream() {
    let (_, failed) = at_each_byte(Way::ToClient, true, |_| Fault::Reset).await;
    assert!(failed > PAYLOAD as u64, "{failed}");
}

#[tokio::test]
async fn flipped_bit_at_any_byte_is_detected_or_harmless() {
    // A damaged length makes one end wait.
    if Scene::alert().await.is_none() {
        return;
    }
    for (way, faulty_reader) in [(Way::ToClient, true), (Way::ToEngine, false)] {
        for shift in [0, 5] {
            let flip = |at: u64| Fault::FlipBit(u8::try_from((at + shift) % 8).unwrap());
            let (_, failed) = at_each_byte(way, faulty_reader, flip).await;
            // At least each byte of the payload.
            assert!(failed >= PAYLOAD as u64, "{way:?}: {failed}");
        }
    }
}

#[tokio::test]
async fn plans_from_seeds_leave_the_whole_or_an_error() {
    let Some(scene) = Scene::alert().await else {
        return;
    };
    for seed in 0..30 {
        let plan = FaultPlan::from_seed(seed);
        println!("seed {seed}: {plan:?}");
        scene.proxy.set_plan(plan);
        let (writer, reader) = scene.faulty_reader().await;
        transfer(writer, reader).await;
        scene.proxy.set_plan(FaultPlan::from_seed(seed));
        let (writer, reader) = scene.faulty_writer().await;
        transfer(writer, reader).await;
    }
}
