//! The receiving end of a channel of items: decoding and its errors.

pub(super) mod decoder;
pub(super) mod error;
pub(super) mod event;
pub(super) mod events;
pub(super) mod local_source;
pub(super) mod messages;
#[expect(clippy::module_inception, reason = "one type, one file")]
pub(super) mod receiver;
pub(super) mod settings;
pub(super) mod try_recv;
