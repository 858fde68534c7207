//! Checks `docs/protocol.md` against the code: its test vectors, and the sections that code cites.

mod citations;
mod vectors;
