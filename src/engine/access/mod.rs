//! Access control: which clients may connect, and with which permissions.

#[expect(clippy::module_inception, reason = "one type, one file")]
mod access;
mod pattern;
mod role;

pub(super) use access::Access;
pub use role::Role;
