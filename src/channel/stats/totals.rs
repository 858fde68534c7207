use crate::wire::End;

/// Running totals of a stream's payload, computed by both writer and reader.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) bytes: u64,
    pub(crate) items: u64,
    pub(crate) crc32c: u32,
}

impl Totals {
    /// Adds the payload of one binary frame.
    pub(crate) fn add(&mut self, payload: &[u8]) {
        self.bytes += payload.len() as u64;
        self.crc32c = crc32c::crc32c_append(self.crc32c, payload);
    }

    /// The end message with these totals.
    pub(crate) fn end(&self) -> End {
        End {
            bytes: self.bytes,
            items: Some(self.items),
            crc32c: Some(self.crc32c),
        }
    }
}
