use std::sync::{Mutex, PoisonError};

use bytes::BytesMut;

/// Buffers that are kept for the next connection that reads much.
const KEPT: usize = 32;

/// Read buffers that no connection holds.
///
/// A connection takes one when much is coming and gives it back when nothing is, so memory follows
/// the traffic and not the number of connections. A buffer whose frames are still under way comes
/// back as well; it is used again once they are gone.
static POOL: Mutex<Vec<BytesMut>> = Mutex::new(Vec::new());

/// A buffer with room for `size` bytes.
pub(super) fn take(size: usize) -> BytesMut {
    {
        let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
        for at in (0..pool.len()).rev() {
            if pool[at].try_reclaim(size) {
                return pool.swap_remove(at);
            }
        }
    }
    BytesMut::with_capacity(size)
}

/// Gives an empty buffer back.
pub(super) fn give(buffer: BytesMut) {
    let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
    if pool.len() < KEPT {
        pool.push(buffer);
    }
}
