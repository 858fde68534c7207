//! Converts between external data formats and the items of a stream.

mod csv;
mod data_format;
mod decoder;
mod edges;
mod encoder;
mod item;
mod item_limit;
mod json_values;

pub(crate) use data_format::DataFormat;
pub(crate) use edges::Edges;
pub(crate) use encoder::Converter;
pub(crate) use item_limit::ItemLimit;

/// The error for data that is not in its format, or for an item that is too large.
fn invalid(reason: impl Into<String>) -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::InvalidData, reason.into())
}

/// The error for an item of more than `limit` bytes.
fn too_large(place: &str, limit: usize) -> std::io::Error {
    invalid(format!(
        "{place} is larger than {limit} bytes; `--max-item-bytes` raises the limit"
    ))
}
