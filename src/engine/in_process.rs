use std::sync::Arc;

use async_trait::async_trait;

use super::channels::{Leased, Refusal};
use super::control::{OUTBOX_MESSAGES, Session};
use super::core::Core;
use crate::transport::{ConnectError, Dial, Memory, PipeLimits, Transport, pipe};
use crate::wire::{Direction, StreamChannelRef};

/// What a control connection within the process holds for either side: as many messages as an
/// outbox, and a message of any length alone.
const CONTROL_PIPE: PipeLimits = PipeLimits {
    frames: OUTBOX_MESSAGES,
    bytes: 1 << 20,
};

/// Dials an engine that shares this process.
///
/// A control connection is a session like any other, over a pair of pipes. The ends of a channel
/// are the ends of its pipe themselves; no task stands between.
pub(super) struct InProcess {
    core: Arc<Core>,
}

impl InProcess {
    pub(super) fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    fn check_running(&self) -> Result<(), ConnectError> {
        if self.core.stopping.is_cancelled() {
            return Err(ConnectError::Stopped);
        }
        Ok(())
    }
}

#[async_trait]
impl Dial for InProcess {
    async fn control(&self) -> Result<Box<dyn Transport>, ConnectError> {
        self.check_running()?;
        let (to_engine, from_client) = pipe(CONTROL_PIPE);
        let (to_client, from_engine) = pipe(CONTROL_PIPE);
        let core = Arc::clone(&self.core);
        self.core.tasks.spawn(async move {
            let mut connection = Memory::duplex(from_client, to_client);
            Session::new(&mut connection, &core).run().await;
        });
        Ok(Box::new(Memory::duplex(from_engine, to_engine)))
    }

    async fn channel(
        &self,
        channel_ref: &StreamChannelRef,
    ) -> Result<Box<dyn Transport>, ConnectError> {
        self.check_running()?;
        let refused = |refusal| match refusal {
            Refusal::NotFound => ConnectError::ChannelNotFound {
                address: self.name(),
                channel_id: channel_ref.channel_id.clone(),
            },
            Refusal::Taken => ConnectError::AlreadyOpened {
                role: channel_ref.direction.role(),
                channel_id: channel_ref.channel_id.clone(),
            },
        };
        let (id, key) = (&channel_ref.channel_id, &channel_ref.access_key);
        let channels = &self.core.channels;
        Ok(Box::new(match channel_ref.direction {
            Direction::Read => channels
                .open_reader(id, key)
                .map(Leased::reader)
                .map_err(refused)?,
            Direction::Write => channels
                .open_writer(id, key)
                .map(Leased::writer)
                .map_err(refused)?,
        }))
    }

    fn name(&self) -> String {
        "the engine in this process".to_owned()
    }
}
