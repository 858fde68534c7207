use bytes::Bytes;

use super::Text;

/// One unit on a channel: payload bytes or a message.
///
/// Data and messages keep the order in which they were written. A writer splits data into frames of
/// at most [`MAX_FRAME`](crate::MAX_FRAME) bytes and joins small writes, so the boundaries of data
/// frames have no meaning. A message is never split.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// Payload bytes, sent as a binary frame.
    Data(Bytes),
    /// A message, such as metadata, progress or a signal. Sent as a text frame.
    Message(Text),
}

impl Frame {
    /// Length of the content in bytes.
    pub fn len(&self) -> usize {
        match self {
            Self::Data(bytes) => bytes.len(),
            Self::Message(text) => text.len(),
        }
    }

    /// Whether the frame has no content.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl From<Bytes> for Frame {
    fn from(bytes: Bytes) -> Self {
        Self::Data(bytes)
    }
}

impl From<Vec<u8>> for Frame {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Data(bytes.into())
    }
}

impl From<&'static [u8]> for Frame {
    fn from(bytes: &'static [u8]) -> Self {
        Self::Data(Bytes::from_static(bytes))
    }
}

impl From<Text> for Frame {
    fn from(text: Text) -> Self {
        Self::Message(text)
    }
}

impl From<String> for Frame {
    fn from(text: String) -> Self {
        Self::Message(text.into())
    }
}

impl From<&str> for Frame {
    fn from(text: &str) -> Self {
        Self::Message(text.into())
    }
}
