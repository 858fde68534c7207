//! Protects a deserialiser against hostile input.
//!
//! The crates of binary formats trust their input more than a receiver of network data can:
//!
//! * With a recursive type, the writer chooses the recursion depth. Here each nested value counts
//!   as a level, and the number of levels is limited.
//! * bincode allocates the declared length of a string before it checks that the bytes exist.
//!   Here owned strings and bytes are requested as borrowed ones, which need no allocation.
//! * A list of zero-sized values (`Vec<()>`) can claim any length. Here a list has at most as many
//!   elements as its record has bytes, or 65,536.
//! * postcard drops the error message of a type that rejects a value. Here the message is kept.

mod access;
mod deserializer;
mod fault;
mod guard;
mod item;
mod visitor;
mod wrappers;

pub(super) use fault::Refusal;
pub(super) use guard::{Guard, too_deep};
