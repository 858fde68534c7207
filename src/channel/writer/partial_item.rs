use bytes::BytesMut;

/// An item that is being written. If it is dropped early, by an error or by a panic in the item's
/// `Serialize`, it removes the bytes written so far.
pub(super) struct PartialItem<'b> {
    bytes: &'b mut BytesMut,
    start: usize,
}

impl<'b> PartialItem<'b> {
    pub(super) fn new(bytes: &'b mut BytesMut) -> Self {
        let start = bytes.len();
        Self { bytes, start }
    }

    /// Appends what `encode` appends, or nothing if it fails.
    pub(super) fn write<E>(
        self,
        encode: impl FnOnce(&mut BytesMut) -> Result<(), E>,
    ) -> Result<(), E> {
        encode(self.bytes)?;
        std::mem::forget(self);
        Ok(())
    }
}

impl Drop for PartialItem<'_> {
    fn drop(&mut self) {
        self.bytes.truncate(self.start);
    }
}
