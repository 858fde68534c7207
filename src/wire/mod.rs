//! Everything that is sent: control messages, channel refs, addresses and the messages inside a
//! stream.
//!
//! This is the lowest layer. Client and engine share these types, so nothing here depends on a
//! socket, a task or a clock. The items cite the sections of `docs/protocol.md` that they
//! implement.

mod access_key;
mod channel_ref;
mod close;
mod control;
mod direction;
mod edge_label;
mod engine_url;
mod exposition;
mod frame;
mod handshake;
mod heartbeat;
mod in_band;
mod payload;
mod reattach;
mod refs;
mod text;
mod trace_context;

pub use access_key::AccessKey;
pub use channel_ref::StreamChannelRef;
pub(crate) use close::{Close, code};
pub use control::ErrorBody;
pub(crate) use control::{
    CALLER, CancelInvocation, ControlMessage, EXTENSIONS, EXTENSIONS_VERSION, FunctionActive,
    InvocationResult, InvokeFunction, Reattach, Reattached, Received, RegisterFunction,
    RegisterTrigger, RegistrationRejected, TriggerRegistrationResult, UnregisterFunction,
    WorkerRegistered, action, builtin, is_part_of_call, salvage,
};
pub use direction::Direction;
pub(crate) use edge_label::{EdgeLabel, NodeLabel};
pub(crate) use engine_url::{ChannelQuery, ChannelUrl};
pub use engine_url::{EngineUrl, InvalidUrl};
pub use exposition::Distribution;
pub(crate) use exposition::{Exposition, Histogram, Kind, Tallies};
pub use frame::Frame;
#[cfg(feature = "engine")]
pub(crate) use handshake::ENGINE;
pub(crate) use handshake::{MESSAGE_LIMIT, OWNER, parse_message_limit};
pub(crate) use heartbeat::{HEARTBEAT, HUNGRY, heartbeat_value, parse_heartbeat};
pub use in_band::{Abort, Header, Progress};
pub(crate) use in_band::{End, InBand, Turn};
pub use payload::Payload;
pub(crate) use reattach::{REATTACH, REQUESTED};
pub use refs::{FoundRef, find_refs};
pub use text::Text;
pub(crate) use trace_context::TraceContext;

/// Maximum number of payload bytes in one binary frame: 64 KiB (`docs/protocol.md` section 4.2).
pub const MAX_FRAME: usize = 64 * 1024;
