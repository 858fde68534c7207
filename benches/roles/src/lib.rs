//! Benchmarks of several processes: a program that starts itself in roles.
//!
//! | file | holds |
//! |---|---|
//! | `process` | a process that plays a role, seen from the suite |
//! | `gate` | what a role says to the suite and hears from it |
//! | `resources` | memory and descriptors of a process |

mod gate;
mod process;
mod resources;

pub use gate::Gate;
pub use process::{Process, ROLE};
pub use resources::{allow_descriptors, descriptors, peak_kib, resident_kib};
