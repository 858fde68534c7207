//! Channels: bytes, then items.
