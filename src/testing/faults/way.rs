/// The direction of bytes through a [`FaultProxy`](super::FaultProxy).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Way {
    /// From the client to the engine.
    ToEngine,
    /// From the engine to the client.
    ToClient,
}

impl Way {
    /// Both directions.
    pub const BOTH: [Self; 2] = [Self::ToEngine, Self::ToClient];
}
