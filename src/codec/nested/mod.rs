//! Reads null within options in self-describing formats.
//!
//! JSON and `MessagePack` write an option as its content, so `Some(None)`, `Some(())` and `None`
//! would be the same null. A null directly inside an option is therefore written as a mark
//! (`docs/protocol.md` section 9.7):
//!
//! | value | JSON | `MessagePack` |
//! |---|---|---|
//! | `None` | `null` | nil |
//! | `Some(None)`, `Some(())` | `{"$pipewright.some":1}` | extension 115, `some\x01` |
//! | `Some(Some(None))` | `{"$pipewright.some":2}` | extension 115, `some\x02` |
//!
//! Such items are rare. [`Nest`] wraps the format's deserialiser only for items whose bytes contain
//! the mark, so other items cost nothing extra.

mod access;
mod deserializer;
mod json;
mod marks;
#[cfg(feature = "messagepack")]
mod messagepack;
mod null;
mod visitor;
mod wrappers;

pub(super) use json::InJson;
pub(super) use marks::KEY;
#[cfg(feature = "messagepack")]
pub(super) use marks::{Content, EXTENSION};
#[cfg(feature = "messagepack")]
pub(super) use messagepack::{InMessagePack, Tracked};
pub(super) use wrappers::Nest;
