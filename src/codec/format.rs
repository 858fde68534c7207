use std::error::Error;
use std::fmt;

use bytes::BytesMut;
use serde_json::Value;

use super::ItemLimits;

/// How items are converted to bytes and back: the part that both directions share.
///
/// Implement it together with [`Encode`] and [`Decode`] for a format of your own. To use a
/// tokio-util codec, wrap it in [`TokioCodec`](crate::format::TokioCodec) instead. The type is a
/// type parameter of channels and is usually empty. Its fields are the state of one direction of
/// one stream; `Default` creates a new instance for each.
///
/// # Example
///
/// A format for points, 16 bytes each.
///
/// ```
/// use bytes::{BufMut, BytesMut};
/// use pipewright::format::{Decode, Decoded, Encode, EncodeError, Format, FormatError};
///
/// #[derive(Debug, PartialEq)]
/// struct Point { x: f64, y: f64 }
///
/// #[derive(Default)]
/// struct Points;
///
/// impl Format for Points {
///     const NAME: &'static str = "example-points";
/// }
///
/// impl Encode<Point> for Points {
///     fn encode(&mut self, point: Point, out: &mut BytesMut) -> Result<(), EncodeError<Point>> {
///         out.put_f64(point.x);
///         out.put_f64(point.y);
///         Ok(())
///     }
/// }
///
/// impl Decode<Point> for Points {
///     fn decode(&mut self, input: &[u8], at_end: bool) -> Result<Decoded<Point>, FormatError> {
///         let Some((point, _)) = input.split_at_checked(16) else {
///             return Ok(if input.is_empty() { Decoded::Nothing } else { Decoded::More(16) });
///         };
///         let float = |bytes: &[u8]| f64::from_be_bytes(bytes.try_into().unwrap());
///         let item = Point { x: float(&point[..8]), y: float(&point[8..]) };
///         Ok(Decoded::Item { item, len: 16 })
///     }
/// }
/// # let mut bytes = BytesMut::new();
/// # Points.encode(Point { x: 1.0, y: 2.0 }, &mut bytes).unwrap();
/// # let decoded = Points.decode(&bytes, false).unwrap();
/// # assert_eq!(decoded, Decoded::Item { item: Point { x: 1.0, y: 2.0 }, len: 16 });
/// ```
pub trait Format: Default + Send + Sync + Unpin + 'static {
    /// The format's name in the header of a stream, such as `ndjson`. A receiver refuses a stream
    /// with another name.
    const NAME: &'static str;

    /// Character encoding of a text format: `utf-8`.
    const ENCODING: Option<&'static str> = None;

    /// Whether the boundaries of items survive. If not, the stream is plain bytes, and items are
    /// not counted.
    const KEEPS_ITEMS: bool = true;
}

/// The sender's side of a [`Format`], for items of type `T`.
#[diagnostic::on_unimplemented(
    message = "items of type `{T}` cannot be written in the format `{Self}`",
    label = "not an item of this format",
    note = "most formats, `Json` among them, take any type with `#[derive(serde::Serialize, serde::Deserialize)]`; `Lines` takes `String`, `Raw` takes `Bytes`"
)]
pub trait Encode<T>: Format {
    /// Whether [`check`](Self::check) rejects everything that [`encode`](Self::encode) rejects, and
    /// every other item is received exactly as it was sent.
    ///
    /// If false, a pipeline within one process encodes and decodes its items, as channels do, so
    /// that it yields the same items.
    const CHECKS: bool = false;

    /// The shape of `T` for the header, if the bytes do not describe themselves. A receiver
    /// compares it with its own shape.
    fn shape() -> Option<Value> {
        None
    }

    /// Appends one item to `out`.
    ///
    /// # Errors
    ///
    /// Fails if the format cannot represent `item`, or if it would be read as another value. Bytes
    /// appended before the error are removed.
    fn encode(&mut self, item: T, out: &mut BytesMut) -> Result<(), EncodeError<T>>;

    /// Rejects an item that [`encode`](Self::encode) would reject, without writing it.
    ///
    /// It is called when an item is passed within the process, so that a pipeline rejects the same
    /// items in both ways to run. The default accepts every item; see [`CHECKS`](Self::CHECKS).
    ///
    /// # Errors
    ///
    /// The errors of [`encode`](Self::encode).
    fn check(&mut self, item: &T) -> Result<(), FormatError> {
        let _ = item;
        Ok(())
    }
}

/// The receiver's side of a [`Format`], for items of type `T`.
#[diagnostic::on_unimplemented(
    message = "items of type `{T}` cannot be read in the format `{Self}`",
    label = "not an item of this format",
    note = "most formats, `Json` among them, take any type with `#[derive(serde::Serialize, serde::Deserialize)]`; `Lines` takes `String`, `Raw` takes `Bytes`"
)]
pub trait Decode<T>: Format {
    /// The shape that the receiver expects; see [`Encode::shape`].
    fn shape() -> Option<Value> {
        None
    }

    /// Sets the limits of an item, before the first item is decoded.
    ///
    /// The channel enforces the length. An implementation that recurses must enforce the nesting.
    fn set_limits(&mut self, limits: ItemLimits) {
        let _ = limits;
    }

    /// Decodes one item from the front of `input`.
    ///
    /// While it returns [`Decoded::More`], it is called again with an `input` that starts with the
    /// same bytes and contains more. An implementation may therefore remember how far it has
    /// scanned. With `at_end`, nothing follows.
    ///
    /// # Errors
    ///
    /// Fails if the bytes are not an item. The error states how many bytes to skip to reach the
    /// next item, if known.
    fn decode(&mut self, input: &[u8], at_end: bool) -> Result<Decoded<T>, FormatError>;
}

/// The result of [`Decode::decode`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decoded<T> {
    /// An item and the number of bytes that it occupies.
    Item {
        /// The item.
        item: T,
        /// Its length, at least 1.
        len: usize,
    },
    /// The number of bytes that belong to no item, such as a blank line.
    Skip(usize),
    /// The item is incomplete. The number is its total length in bytes, or a lower bound. It is
    /// compared with the limit before anything is allocated.
    More(usize),
    /// Only the end of the stream may follow.
    Nothing,
}

/// The error for an item that a format cannot encode.
#[derive(Debug)]
pub struct EncodeError<T> {
    /// The item, if the format could keep it.
    pub item: Option<T>,
    /// What is wrong with it.
    pub error: FormatError,
}

/// The error for bytes that are not an item, or an item that cannot be represented.
#[derive(Debug)]
pub struct FormatError {
    source: Box<dyn Error + Send + Sync>,
    skip: Option<usize>,
}

impl FormatError {
    /// Creates an error after which the format cannot find the next item.
    pub fn new(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            source: source.into(),
            skip: None,
        }
    }

    /// Creates an error for an item that occupies `len` bytes of the input; decoding can continue
    /// after it.
    pub fn skip(source: impl Into<Box<dyn Error + Send + Sync>>, len: usize) -> Self {
        Self {
            source: source.into(),
            skip: Some(len),
        }
    }

    /// The number of bytes to skip to reach the next item, if known.
    pub fn skippable(&self) -> Option<usize> {
        self.skip
    }
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.source, f)
    }
}

impl Error for FormatError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.source()
    }
}
