//! `docs/protocol.md` held against the code: its test vectors.

mod vectors;
