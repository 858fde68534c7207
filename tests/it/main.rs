//! Tests from outside, in one binary; the folders mirror `src`.

mod codec;
