//! Values to offer to types that do not take any.

/// Texts that types accept which check theirs: numbers, times, addresses.
pub(super) const TEXTS: &[&str] = &[
    "",
    "a",
    "1",
    "1970-01-01T00:00:00Z",
    "1970-01-01T00:00:00",
    "1970-01-01",
    "00:00:00",
    "1.0.0",
    "127.0.0.1",
    "::1",
    "127.0.0.1:1",
    "00000000-0000-0000-0000-000000000000",
    "http://localhost/",
    "/",
];

/// Sixty-four bytes for types that want a certain number.
const ZEROS: &[u8; 64] = &[0; 64];
pub(super) const BYTES: &[&[u8]] = &[
    &[],
    ZEROS.split_at(16).0,
    ZEROS.split_at(32).0,
    ZEROS.split_at(4).0,
    ZEROS.split_at(6).0,
    ZEROS.split_at(8).0,
    ZEROS.split_at(12).0,
    ZEROS.split_at(20).0,
    ZEROS.split_at(24).0,
    ZEROS,
];
