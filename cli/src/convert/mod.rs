//! Converts between external data formats and the items of a stream.

mod csv;
mod data_format;
mod decoder;
mod edges;
mod encoder;
mod item;
mod json_values;

pub(crate) use data_format::DataFormat;
pub(crate) use edges::Edges;
pub(crate) use encoder::Converter;

/// The maximum size of an item in bytes, here and in the stages.
const MAX_ITEM: usize = pipewright::format::ItemLimits::DEFAULT.max_bytes;

/// The error for data that is not in its format, or for an item that is too large.
fn invalid(reason: impl Into<String>) -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::InvalidData, reason.into())
}

fn too_large(place: &str) -> std::io::Error {
    invalid(format!("{place} is larger than {MAX_ITEM} bytes"))
}
