use std::io;

use bincode::enc::write::Writer;
use bincode::error::EncodeError;
use bytes::BytesMut;

/// Appends the small writes of a serialiser. `BytesMut::writer` would run the loop of
/// [`io::Write::write_all`] for each of them.
pub(super) struct Append<'b>(pub(super) &'b mut BytesMut);

impl io::Write for Append<'_> {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Writer for Append<'_> {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }
}
