use std::sync::Mutex;

use bytes::BytesMut;

use crate::sync::MutexExt;

/// Size of a buffer. All buffers have the same size, so any of them fits.
pub(super) const SIZE: usize = 256 << 10;

/// Number of buffers kept in the pool.
const KEPT: usize = 128;

/// Bytes to read at once while all pooled buffers are in use. If each of a thousand connections
/// read [`SIZE`] bytes, more data would be in flight than the caches hold.
pub(super) const CROWDED: usize = 64 << 10;

/// Read buffers that no connection uses.
///
/// A connection takes a buffer when much data arrives and returns it when none does, so memory
/// depends on the traffic and not on the number of connections. A buffer whose frames are still in
/// use is returned as well, and reused once they are dropped.
static POOL: Mutex<Vec<BytesMut>> = Mutex::new(Vec::new());

/// Takes a buffer with room for [`SIZE`] bytes. Returns `None` while all pooled buffers are in use.
pub(super) fn take() -> Option<BytesMut> {
    let mut pool = POOL.lock_unpoisoned();
    for at in (0..pool.len()).rev() {
        if pool[at].try_reclaim(SIZE) {
            return Some(pool.swap_remove(at));
        }
    }
    let crowded = pool.len() >= KEPT;
    drop(pool);
    (!crowded).then(|| BytesMut::with_capacity(SIZE))
}

/// Returns a buffer that was [taken](take), after clearing it.
pub(super) fn give(mut buffer: BytesMut) {
    buffer.clear();
    let mut pool = POOL.lock_unpoisoned();
    if pool.len() < KEPT {
        pool.push(buffer);
    }
}
