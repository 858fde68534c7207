//! Typed streaming pipelines over WebSocket channels.

mod channel;
mod codec;
#[cfg(feature = "engine")]
mod engine;
mod transport;
mod wire;
mod worker;

#[cfg(feature = "engine")]
pub use engine::{Engine, EngineBuilder};
pub mod format {
    //! How items become bytes: the formats of a typed channel, and the traits to write one.
    //!
    //! | format | on the wire | items | described by | readers |
    //! |---|---|---|---|---|
    //! | [`Json`] | a JSON value a line | any | itself | every language, every shell tool |
    //! | [`Lines`] | a line | `String` | - | every language, every shell tool |
    //! | [`Raw`] | bytes, no borders | `Bytes` | - | all |
    //! | [`Bincode`] | length and fields | any | a shape in the header | Rust |
    //! | <a id="postcard"></a>`Postcard` | length and fields | any | a shape in the header | Rust, and where postcard is known |
    //! | <a id="messagepack"></a>`MessagePack` | length and value | any | itself | most languages |
    //! | [`TokioCodec`] | what the codec says | the codec's | - | who knows the codec |
    //!
    //! `Postcard` and `MessagePack` come with the features `postcard` and `messagepack`.

    #[cfg(feature = "messagepack")]
    pub use crate::codec::MessagePack;
    #[cfg(feature = "postcard")]
    pub use crate::codec::Postcard;
    pub use crate::codec::{
        Bincode, Compression, Decode, Decoded, Encode, EncodeError, Format, FormatError,
        ItemLimits, Json, Lines, NamedCodec, Raw, TokioCodec,
    };
}

pub use channel::{
    ByteChannel, ByteReader, ByteWriter, ChannelReader, ChannelWriter, FrameSink, FrameStream,
    Messages, ReadError, StreamReport, Verdict, WriteError,
};
pub use transport::{Address, ConnectError};
pub use wire::{
    Abort, AccessKey, Direction, EngineUrl, ErrorBody, FoundRef, Frame, Header, InvalidUrl,
    MAX_FRAME, Payload, Progress, StreamChannelRef, Text, find_refs,
};
pub use worker::Worker;
