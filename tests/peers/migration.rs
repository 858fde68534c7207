//! Runs what stands in the page for users of the plain SDK, theirs beside ours.
#![doc = include_str!("../../docs/migration.md")]
