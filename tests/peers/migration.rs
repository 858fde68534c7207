//! Runs the examples of the migration page: the SDK stage next to the pipewright stage.
#![doc = include_str!(concat!(env!("OUT_DIR"), "/migration.md"))]
