use super::{Fault, Sockets, Way};

/// A fault that has happened to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Strike {
    /// The number of the connection, from 0 in the order that the proxy accepted them.
    pub connection: u64,
    /// What the connection was for, where that was looked at.
    pub sockets: Sockets,
    /// The way that was struck.
    pub way: Way,
    /// How many bytes had gone this way before.
    pub after: u64,
    /// What happened.
    pub fault: Fault,
}
