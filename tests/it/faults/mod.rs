//! Tests with injected faults: the fault kit itself, and the reaction of workers and engines. The
//! property is: complete data, or an error.

mod bytes;
mod dead_line;
mod half_open;
mod late_rest;
mod matrix;
mod orders;
mod programs;

use std::time::Duration;

use pipewright::testing::faults::{FaultPlan, FaultProxy};
use pipewright::{Address, ByteChannel, ChannelReader, ChannelWriter};

use crate::support::House;

/// Heartbeat interval in tests that detect silence.
const BEAT: Duration = Duration::from_millis(50);

/// Timeout in tests that detect silence; longer than any pause of a busy machine.
const DEAD: Duration = Duration::from_secs(2);

/// An engine with a worker, and a proxy for individual channel ends.
struct Scene {
    house: House,
    proxy: FaultProxy,
}

impl Scene {
    async fn new(plan: FaultPlan) -> Self {
        let house = House::new().await;
        let proxy = FaultProxy::start(house.engine.url(), plan).await.unwrap();
        Self { house, proxy }
    }

    /// Like [`new`](Self::new) without a plan, with an engine that sends heartbeats on channels.
    async fn alert() -> Option<Self> {
        let scene = Self::new(FaultPlan::new()).await;
        let why = "an engine that knows no heartbeat of channels is waited for";
        scene.house.engine.handle(why)?;
        Some(scene)
    }

    /// The engine's address through the proxy, with a short heartbeat timeout.
    fn through(&self) -> Address {
        let address: Address = self.proxy.url().parse().unwrap();
        address.heartbeat(BEAT, DEAD).connect_timeout(DEAD)
    }

    /// A channel whose reader goes through the proxy.
    async fn faulty_reader(&self) -> (ChannelWriter, ChannelReader) {
        let ByteChannel {
            writer, reader_ref, ..
        } = self.house.channel().await;
        (writer, ChannelReader::new(&self.through(), &reader_ref))
    }

    /// A channel whose writer goes through the proxy.
    async fn faulty_writer(&self) -> (ChannelWriter, ChannelReader) {
        let ByteChannel {
            reader, writer_ref, ..
        } = self.house.channel().await;
        (ChannelWriter::new(&self.through(), &writer_ref), reader)
    }
}
