use std::error::Error;
use std::io;

use bytes::BytesMut;
use tokio_util::codec::{BytesCodec, Decoder, Encoder, LengthDelimitedCodec, LinesCodec};

use super::{Decode, Decoded, Encode, EncodeError, Format, FormatError};

/// A tokio-util codec (`Encoder<T>` and `Decoder<Item = T>`) as a format.
///
/// The decoder's item may also be a type that converts into `T`, as `BytesMut` converts into
/// `Bytes`. [`NamedCodec`] supplies the codec's name on the wire. `Default` creates a new codec for
/// each direction of each stream.
///
/// # Codecs of tokio-util
///
/// `LengthDelimitedCodec` (`length-delimited`: pieces of bytes that keep their boundaries),
/// `LinesCodec` (`lines`) and `BytesCodec` (`bytes`) are named already and use their default
/// limits. For other settings, write a codec that wraps one of them.
///
/// # Common issues
///
/// * An error of the codec ends the stream, as in tokio-util; the item cannot be skipped.
/// * A codec must not return two items for the same bytes, or an item for no bytes.
/// * Bytes that a codec consumes at the end of a stream without returning an item are ignored.
///   `LengthDelimitedCodec` does this with a length prefix that nothing follows. If the stream has
///   an end message, the missing item is reported.
///
/// # Example
///
/// A codec for temperatures in tenths of a degree, two bytes each.
///
/// ```
/// use bytes::{Buf, BufMut, BytesMut};
/// use pipewright::format::{Decode, Decoded, Encode, NamedCodec, TokioCodec};
/// use std::io;
/// use tokio_util::codec::{Decoder, Encoder};
///
/// #[derive(Default)]
/// struct Temperatures;
///
/// impl Encoder<f32> for Temperatures {
///     type Error = io::Error;
///
///     fn encode(&mut self, degrees: f32, out: &mut BytesMut) -> io::Result<()> {
///         out.put_i16((degrees * 10.0).round() as i16);
///         Ok(())
///     }
/// }
///
/// impl Decoder for Temperatures {
///     type Item = f32;
///     type Error = io::Error;
///
///     fn decode(&mut self, input: &mut BytesMut) -> io::Result<Option<f32>> {
///         Ok((input.len() >= 2).then(|| f32::from(input.get_i16()) / 10.0))
///     }
/// }
///
/// impl NamedCodec for Temperatures {
///     const NAME: &'static str = "example-temperatures";
/// }
///
/// // `Channel<f32, Format>`, `Sender<f32, Format>`, ...
/// type Format = TokioCodec<Temperatures>;
///
/// let mut bytes = BytesMut::new();
/// Format::default().encode(-1.5, &mut bytes).unwrap();
/// assert_eq!(&bytes[..], [0xff, 0xf1]);
/// let decoded: Decoded<f32> = Format::default().decode(&bytes, false).unwrap();
/// assert_eq!(decoded, Decoded::Item { item: -1.5, len: 2 });
/// ```
#[derive(Clone, Debug, Default)]
pub struct TokioCodec<C> {
    codec: C,
    /// The unconsumed part of the input that was passed to the codec.
    buffer: BytesMut,
    /// Number of input bytes that were passed to the codec.
    seen: usize,
}

/// A codec with a name on the wire.
pub trait NamedCodec: Default + Send + Sync + Unpin + 'static {
    /// The name of the format in the header of a stream; see [`Format::NAME`].
    const NAME: &'static str;

    /// Character encoding; see [`Format::ENCODING`].
    const ENCODING: Option<&'static str> = None;

    /// Whether the boundaries of items survive; see [`Format::KEEPS_ITEMS`].
    const KEEPS_ITEMS: bool = true;

    /// Adds an explanation to an error of the codec, such as the limit that was exceeded.
    fn explain(&self, error: &(dyn Error + 'static)) -> Option<String> {
        let _ = error;
        None
    }
}

impl NamedCodec for LengthDelimitedCodec {
    const NAME: &'static str = "length-delimited";

    fn explain(&self, error: &(dyn Error + 'static)) -> Option<String> {
        let kind = error.downcast_ref::<io::Error>()?.kind();
        let is_limit = matches!(
            kind,
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData
        );
        is_limit.then(|| {
            format!(
                "an item has {} bytes at the most; a codec of your own that holds a \
                 `LengthDelimitedCodec` can have another `max_frame_length`",
                self.max_frame_length()
            )
        })
    }
}

impl NamedCodec for LinesCodec {
    const NAME: &'static str = "lines";
    const ENCODING: Option<&'static str> = Some("utf-8");
}

impl NamedCodec for BytesCodec {
    const NAME: &'static str = "bytes";
    const KEEPS_ITEMS: bool = false;
}

impl<C: NamedCodec> Format for TokioCodec<C> {
    const NAME: &'static str = C::NAME;
    const ENCODING: Option<&'static str> = C::ENCODING;
    const KEEPS_ITEMS: bool = C::KEEPS_ITEMS;
}

/// An error of a codec with an explanation.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
struct Explained {
    text: String,
    source: Box<dyn Error + Send + Sync>,
}

fn explained<C, E>(codec: &C, error: E) -> FormatError
where
    C: NamedCodec,
    E: Error + Send + Sync + 'static,
{
    match codec.explain(&error) {
        Some(explanation) => FormatError::new(Explained {
            text: error.to_string(),
            source: explanation.into(),
        }),
        None => FormatError::new(error),
    }
}

#[diagnostic::do_not_recommend]
impl<T, C> Encode<T> for TokioCodec<C>
where
    C: NamedCodec + Encoder<T>,
    C::Error: Error + Send + Sync + 'static,
{
    fn encode(&mut self, item: T, out: &mut BytesMut) -> Result<(), EncodeError<T>> {
        self.codec.encode(item, out).map_err(|error| EncodeError {
            item: None,
            error: explained(&self.codec, error),
        })
    }
}

#[diagnostic::do_not_recommend]
impl<T, C> Decode<T> for TokioCodec<C>
where
    C: NamedCodec + Decoder,
    C::Item: Into<T>,
    C::Error: Error + Send + Sync + 'static,
{
    fn decode(&mut self, input: &[u8], at_end: bool) -> Result<Decoded<T>, FormatError> {
        let unseen = input.get(self.seen..).unwrap_or_default();
        self.buffer.extend_from_slice(unseen);
        self.seen = input.len();

        let mut item = self
            .codec
            .decode(&mut self.buffer)
            .map_err(|error| explained(&self.codec, error))?;
        if item.is_none() && at_end {
            item = self
                .codec
                .decode_eof(&mut self.buffer)
                .map_err(|error| explained(&self.codec, error))?;
        }

        let taken = self.seen - self.buffer.len().min(self.seen);
        match item {
            Some(_) if taken == 0 => Err(FormatError::new("the codec gave an item for no bytes")),
            Some(item) => {
                self.seen = self.buffer.len();
                Ok(Decoded::Item {
                    item: item.into(),
                    len: taken,
                })
            }
            None if !at_end && !input.is_empty() => Ok(Decoded::More(input.len() + 1)),
            None if taken == 0 => Ok(Decoded::Nothing),
            None => {
                self.seen = self.buffer.len();
                Ok(Decoded::Skip(taken))
            }
        }
    }
}
