//! Records preceded by their length, in the default format of tokio-util's `LengthDelimitedCodec`:
//! 4 bytes, big-endian.

use bytes::{BufMut, BytesMut};

use super::{Decoded, FormatError};

/// Size of the length prefix in bytes.
pub(super) const PREFIX: usize = 4;

/// The message of formats for a record that is too short for its item.
pub(super) const SHORT: &str = "the record ends within the item";

/// Appends a record whose content is appended by `write`.
pub(super) fn encode<E>(
    out: &mut BytesMut,
    write: impl FnOnce(&mut BytesMut) -> Result<(), E>,
) -> Result<(), FormatError>
where
    E: std::error::Error + Send + Sync + 'static,
{
    let start = out.len();
    out.put_u32(0);
    write(out).map_err(FormatError::new)?;
    let len = u32::try_from(out.len() - start - PREFIX)
        .map_err(|_| FormatError::new("the encoded item is longer than 4 GiB"))?;
    out[start..start + PREFIX].copy_from_slice(&len.to_be_bytes());
    Ok(())
}

/// Reads a record from the front of `input`. `read` must consume its whole content.
pub(super) fn decode<T, E>(
    input: &[u8],
    read: impl FnOnce(&[u8]) -> Result<(T, usize), E>,
) -> Result<Decoded<T>, FormatError>
where
    E: std::error::Error + Send + Sync + 'static,
{
    if input.is_empty() {
        return Ok(Decoded::Nothing);
    }
    let Some((prefix, rest)) = input.split_first_chunk::<PREFIX>() else {
        return Ok(Decoded::More(PREFIX));
    };
    let content_len = u32::from_be_bytes(*prefix) as usize;
    let len = PREFIX + content_len;
    let Some(content) = rest.get(..content_len) else {
        return Ok(Decoded::More(len));
    };
    match read(content) {
        Ok((item, read)) if read == content_len => Ok(Decoded::Item { item, len }),
        Ok((_, read)) => Err(FormatError::skip(left_over(read, content_len), len)),
        Err(error) => Err(FormatError::skip(error, len)),
    }
}

/// The message for an item that is shorter than its record.
pub(super) fn left_over(read: usize, content_len: usize) -> String {
    format!("the item ends after {read} of the {content_len} bytes of its record")
}

/// The sender's error for an item that its receiver would read differently.
#[allow(clippy::needless_pass_by_value)] // The signature that `map_err` requires.
pub(super) fn not_read_back(reason: String) -> FormatError {
    FormatError::new(format!(
        "the item cannot be read back: {reason}; a format that describes itself, such as `Json`, \
         may carry it"
    ))
}
