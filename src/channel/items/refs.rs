use std::fmt;
use std::marker::PhantomData;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Receiver, Sender};
use crate::channel::{ChannelReader, ChannelWriter};
use crate::codec::{Format, Json};
use crate::transport::Address;
use crate::wire::StreamChannelRef;

/// Defines a ref with an item type. The two refs differ in the end that they open.
macro_rules! typed_ref {
    ($(#[$doc:meta])* $name:ident opens $end:ident over $bytes:ident) => {
        $(#[$doc])*
        pub struct $name<T, F: Format = Json> {
            channel_ref: StreamChannelRef,
            types: PhantomData<fn() -> (T, F)>,
        }

        impl<T, F: Format> $name<T, F> {
            /// Opens this end at the engine at `address`. Nothing is sent before the first use.
            pub fn open(&self, address: &Address) -> $end<T, F> {
                $end::new($bytes::new(address, &self.channel_ref))
            }

            /// Returns the untyped ref.
            pub fn get_ref(&self) -> &StreamChannelRef {
                &self.channel_ref
            }

            /// Returns the untyped ref; the inverse is `From`.
            pub fn into_inner(self) -> StreamChannelRef {
                self.channel_ref
            }
        }

        impl<T, F: Format> From<StreamChannelRef> for $name<T, F> {
            /// Declares the item type of the channel; the stream's header is compared with it.
            fn from(channel_ref: StreamChannelRef) -> Self {
                Self { channel_ref, types: PhantomData }
            }
        }

        impl<T, F: Format> Clone for $name<T, F> {
            fn clone(&self) -> Self {
                Self::from(self.channel_ref.clone())
            }
        }

        impl<T, F: Format> PartialEq for $name<T, F> {
            fn eq(&self, other: &Self) -> bool {
                self.channel_ref == other.channel_ref
            }
        }

        impl<T, F: Format> Eq for $name<T, F> {}

        impl<T, F: Format> fmt::Debug for $name<T, F> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.channel_ref.fmt(f)
            }
        }

        impl<T, F: Format> Serialize for $name<T, F> {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                self.channel_ref.serialize(to)
            }
        }

        impl<'de, T, F: Format> Deserialize<'de> for $name<T, F> {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                StreamChannelRef::deserialize(from).map(Self::from)
            }
        }
    };
}

typed_ref! {
    /// A [`StreamChannelRef`] for reading items of type `T` in format `F`.
    ///
    /// It serialises to the same JSON as the untyped ref, so the other side may use any language.
    /// The receiver checks the declared types against the stream.
    ///
    /// # Example
    ///
    /// ```
    /// use pipewright::ReaderRef;
    /// use serde::{Deserialize, Serialize};
    ///
    /// /// The payload of a call.
    /// #[derive(Serialize, Deserialize)]
    /// struct Job {
    ///     name: String,
    ///     numbers: ReaderRef<u64>,
    /// }
    ///
    /// let json = r#"{"name":"sum","numbers":{"channel_id":"c","access_key":"k","direction":"read"}}"#;
    /// let job: Job = serde_json::from_str(json).unwrap();
    /// assert_eq!(job.numbers.get_ref().channel_id, "c");
    /// assert_eq!(serde_json::to_string(&job).unwrap(), json);
    /// ```
    ReaderRef opens Receiver over ChannelReader
}

typed_ref! {
    /// A [`StreamChannelRef`] for writing items of type `T` in format `F`.
    ///
    /// It serialises to the same JSON as the untyped ref, so the other side may use any language.
    /// The receiver checks the declared types against the stream. [`ReaderRef`] has an example.
    WriterRef opens Sender over ChannelWriter
}
