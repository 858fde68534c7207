//! Classifies the signature and determines the kind of stage.

use syn::{ItemFn, Type};

use crate::arguments::{Arguments, arguments};
use crate::attr::Attrs;
use crate::ends::{End, Items};
use crate::errors::Errors;
use crate::returns::{Fallible, Returns, gives_value};
use crate::types;

/// The kind of a stage, with its input and output types.
#[allow(clippy::large_enum_variant)] // Only one exists at a time.
pub(crate) enum Kind {
    Items {
        item: Type,
        returns: Returns,
    },
    Streams {
        reader: Items,
        writer: Items,
    },
    Bytes,
    /// A function of a `Vec` of items. Without outputs it is a consumer.
    Batches {
        item: Type,
        returns: Option<Returns>,
    },
    Producer {
        writer: Items,
    },
    Consumer {
        reader: Items,
    },
    /// A function of a `Receiver` that returns a value, which is the output.
    Value {
        reader: Items,
        returns: Returns,
    },
}

/// A function that is a stage.
pub(crate) struct Stage {
    pub(crate) arguments: Arguments,
    pub(crate) kind: Kind,
    /// The position of the `Result`, if the function returns one. Not used for `Items`.
    pub(crate) fallible: Option<Fallible>,
}

impl Stage {
    /// Classifies a function whose signature is valid for a stage.
    pub(crate) fn classify(function: &ItemFn, attrs: &Attrs, errors: &mut Errors) -> Option<Self> {
        let arguments = arguments(function, errors)?;
        let gives = gives_value(&function.sig);
        let end = |ty: &Option<Type>| ty.as_ref().and_then(|ty| End::of(ty, gives));
        let ends = (end(&arguments.input), end(&arguments.writer));
        let kind = match ends {
            (Some(End::Items(reader)), Some(End::Items(writer))) => Kind::Streams {
                reader: errors.keep(*reader)?,
                writer: errors.keep(*writer)?,
            },
            (Some(End::Bytes), Some(End::Bytes)) => Kind::Bytes,
            (None, Some(End::Items(writer))) => Kind::Producer {
                writer: errors.keep(*writer)?,
            },
            (Some(End::Items(reader)), None) if gives => {
                let reader = errors.keep(*reader)?;
                let returns = Returns::of_item(&function.sig, &arguments, errors)?;
                return Some(Self {
                    kind: Kind::Value { reader, returns },
                    arguments,
                    fallible: None,
                });
            }
            (Some(End::Items(reader)), None) => Kind::Consumer {
                reader: errors.keep(*reader)?,
            },
            (None, Some(End::Bytes)) => {
                errors.at(
                    &arguments.writer,
                    "a producer sends through a `Sender`; one of bytes through `Sender<Bytes, Raw>`",
                );
                return None;
            }
            (Some(End::Bytes), None) => {
                errors.at(
                    &arguments.input,
                    "a consumer receives from a `Receiver`; one of bytes from `Receiver<Bytes, Raw>`",
                );
                return None;
            }
            (Some(_), Some(_)) => {
                errors.at(
                    &arguments.writer,
                    "the ends do not match: `Receiver` goes with `Sender` (for bytes \
                     `Sender<Bytes, Raw>`), `ChannelReader` with `ChannelWriter`",
                );
                return None;
            }
            (None, _) => {
                let item = arguments.input.clone()?;
                if attrs.batch.is_some() {
                    return Self::of_batches(function, arguments, &item, errors);
                }
                let returns = Returns::of_item(&function.sig, &arguments, errors)?;
                return Some(Self {
                    kind: Kind::Items { item, returns },
                    arguments,
                    fallible: None,
                });
            }
        };
        let fallible = errors.keep(Returns::of_ends(&function.sig))?;
        Some(Self {
            arguments,
            kind,
            fallible,
        })
    }

    /// A function with the setting `batch`, whose first argument has the type `batch`.
    fn of_batches(
        function: &ItemFn,
        arguments: Arguments,
        batch: &Type,
        errors: &mut Errors,
    ) -> Option<Self> {
        let item = match types::arguments(batch)[..] {
            [item] if types::is_named(batch, "Vec") && !arguments.borrows_item() => item.clone(),
            _ => {
                errors.at(
                    &arguments.input,
                    "with `batch`, the first argument is a batch of items: `Vec<Item>`",
                );
                return None;
            }
        };
        let (returns, fallible) = if gives_value(&function.sig) {
            let returns = Returns::of_item(&function.sig, &arguments, errors)?;
            (Some(returns), None)
        } else {
            (None, errors.keep(Returns::of_ends(&function.sig))?)
        };
        Some(Self {
            kind: Kind::Batches { item, returns },
            arguments,
            fallible,
        })
    }
}
