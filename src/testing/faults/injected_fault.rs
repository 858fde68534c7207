use super::{Fault, Sockets, Way};

/// A fault that occurred on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InjectedFault {
    /// The number of the connection, from 0 in the order that the proxy accepted them.
    pub connection: u64,
    /// The kind of the connection, if it was determined.
    pub sockets: Sockets,
    /// The affected direction.
    pub way: Way,
    /// Number of bytes that had passed in this direction before the fault.
    pub after: u64,
    /// The fault.
    pub fault: Fault,
}
