use serde::{Deserialize, Serialize};

/// The last frame of a complete stream, with the totals that verify it.
///
/// Other implementations need to send only `bytes`; absent totals are not compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct End {
    /// Payload bytes of all binary frames.
    pub(crate) bytes: u64,
    /// Number of items; 0 for a stream of bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) items: Option<u64>,
    /// CRC-32C of the payload.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "hex")]
    pub(crate) crc32c: Option<u32>,
}

/// A checksum as eight hexadecimal digits.
mod hex {
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    // `serialize_with` passes references.
    #[allow(clippy::ref_option, clippy::trivially_copy_pass_by_ref)]
    pub(super) fn serialize<S: Serializer>(crc: &Option<u32>, to: S) -> Result<S::Ok, S::Error> {
        match crc {
            Some(crc) => to.collect_str(&format_args!("{crc:08x}")),
            None => to.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u32>, D::Error> {
        let Some(digits) = Option::<String>::deserialize(from)? else {
            return Ok(None);
        };
        match u32::from_str_radix(&digits, 16) {
            Ok(crc) if digits.len() == 8 => Ok(Some(crc)),
            _ => Err(D::Error::custom("crc32c is not 8 hexadecimal digits")),
        }
    }
}
