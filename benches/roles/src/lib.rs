//! Benchmarks with several processes: a program that starts itself in different roles.
//!
//! | file | contents |
//! |---|---|
//! | `process` | a process with a role, as seen by the suite |
//! | `gate` | the connection of a role to the suite |
//! | `resources` | memory and descriptors of a process |

mod gate;
mod process;
mod resources;

pub use gate::Gate;
pub use process::{Process, ROLE};
pub use resources::{allow_descriptors, descriptors, peak_kib, resident_kib};
