use std::sync::{Mutex, PoisonError};

use bytes::BytesMut;

/// Bytes of a buffer: all have the same size, so that any of them will do.
pub(super) const SIZE: usize = 256 << 10;

/// Buffers that are kept for the next connection that reads much.
const KEPT: usize = 128;

/// Bytes to read at once while all that are kept are under way: with a buffer of [`SIZE`] for each
/// of a thousand connections more would be under way than caches hold.
pub(super) const CROWDED: usize = 64 << 10;

/// Read buffers that no connection holds.
///
/// A connection takes one when much is coming and gives it back when nothing is, so memory follows
/// the traffic and not the number of connections. A buffer whose frames are still under way comes
/// back as well; it is used again once they are gone.
static POOL: Mutex<Vec<BytesMut>> = Mutex::new(Vec::new());

/// A buffer with room for [`SIZE`] bytes; `None` while all that are kept are under way.
pub(super) fn take() -> Option<BytesMut> {
    let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
    for at in (0..pool.len()).rev() {
        if pool[at].try_reclaim(SIZE) {
            return Some(pool.swap_remove(at));
        }
    }
    let crowded = pool.len() >= KEPT;
    drop(pool);
    (!crowded).then(|| BytesMut::with_capacity(SIZE))
}

/// Gives a buffer back that was [taken](take), emptied.
pub(super) fn give(mut buffer: BytesMut) {
    buffer.clear();
    let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
    if pool.len() < KEPT {
        pool.push(buffer);
    }
}
