//! Who may connect, and what they may do then.

#[expect(clippy::module_inception, reason = "one type, one file")]
mod access;
mod pattern;
mod role;

pub(super) use access::Access;
pub use role::Role;
