use std::error::Error;
use std::fmt;

use bytes::BytesMut;
use serde_json::Value;

use super::ItemLimits;

/// How items become bytes and back: the part that both directions share.
///
/// Implement it together with [`Encode`] and [`Decode`] for a format of your own; a tokio-util
/// codec becomes one by [`TokioCodec`](crate::format::TokioCodec) instead. The type is a type
/// parameter of channels, so it is usually empty; what it holds is the state of one direction of
/// one stream, made anew by `Default`.
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
    /// of another name.
    const NAME: &'static str;

    /// Character encoding, for textual formats: `utf-8`.
    const ENCODING: Option<&'static str> = None;

    /// Whether borders between items survive. Without, a stream is just bytes and items are not
    /// counted.
    const KEEPS_ITEMS: bool = true;
}

/// The sender's side of a [`Format`], for items of type `T`.
#[diagnostic::on_unimplemented(
    message = "items of type `{T}` cannot be written in the format `{Self}`",
    label = "not an item of this format",
    note = "most formats, `Json` among them, take any type with `#[derive(serde::Serialize, serde::Deserialize)]`; `Lines` takes `String`, `Raw` takes `Bytes`"
)]
pub trait Encode<T>: Format {
    /// Whether [`check`](Self::check) refuses what [`encode`](Self::encode) refuses, and every
    /// other item is read as it was written.
    ///
    /// Where it is not so, a pipeline within the process writes its items and reads them again, as
    /// channels do, so that it gives the same items.
    const CHECKS: bool = false;

    /// The shape of `T` for the header, where bytes alone do not tell it. A receiver compares it
    /// with its own.
    fn shape() -> Option<Value> {
        None
    }

    /// Appends one item to `out`.
    ///
    /// # Errors
    ///
    /// When `item` has no form in this format, or one that would be read as another value. What was
    /// appended by then is taken away again.
    fn encode(&mut self, item: T, out: &mut BytesMut) -> Result<(), EncodeError<T>>;

    /// Refuses an item that [`encode`](Self::encode) would refuse, without writing it.
    ///
    /// Called where an item is handed over within the process, so that a pipeline refuses the same
    /// items however it runs. The default accepts every item; see [`CHECKS`](Self::CHECKS).
    ///
    /// # Errors
    ///
    /// Those of [`encode`](Self::encode).
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
    /// The shape that the receiver expects, see [`Encode::shape`].
    fn shape() -> Option<Value> {
        None
    }

    /// Sets what the receiver accepts of an item, before it decodes the first.
    ///
    /// The length is the channel's business; an implementation that recurses keeps to the nesting.
    fn set_limits(&mut self, limits: ItemLimits) {
        let _ = limits;
    }

    /// Reads one item off the front of `input`.
    ///
    /// Called with more and more of the stream until it gives an item: as long as it answers
    /// [`Decoded::More`], the next `input` begins with the same bytes and goes on after them, so
    /// an implementation may remember how far it has looked. With `at_end` nothing follows.
    ///
    /// # Errors
    ///
    /// When the bytes are not those of an item. The error says how many to leave out in order to
    /// go on with the next item, if that can be known.
    fn decode(&mut self, input: &[u8], at_end: bool) -> Result<Decoded<T>, FormatError>;
}

/// What [`Decode::decode`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decoded<T> {
    /// An item, and how many bytes of the input it took.
    Item {
        /// The item.
        item: T,
        /// Its length, at least 1.
        len: usize,
    },
    /// Bytes that belong to no item, such as a blank line, and how many.
    Skip(usize),
    /// Not all of the item is there. The number is its whole length in bytes, or the least that
    /// it can be; it is compared with the limit before anything is allocated.
    More(usize),
    /// Nothing but the end of the stream may follow.
    Nothing,
}

/// An item that a format cannot write.
#[derive(Debug)]
pub struct EncodeError<T> {
    /// The item, where the format could keep it.
    pub item: Option<T>,
    /// What is wrong with it.
    pub error: FormatError,
}

/// Bytes that are not an item, or an item that has no bytes.
#[derive(Debug)]
pub struct FormatError {
    source: Box<dyn Error + Send + Sync>,
    skip: Option<usize>,
}

impl FormatError {
    /// An error after which the format cannot find the next item.
    pub fn new(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            source: source.into(),
            skip: None,
        }
    }

    /// An error whose item takes `len` bytes of the input; decoding can go on after them.
    pub fn skip(source: impl Into<Box<dyn Error + Send + Sync>>, len: usize) -> Self {
        Self {
            source: source.into(),
            skip: Some(len),
        }
    }

    /// How many bytes to leave out in order to go on with the next item.
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
