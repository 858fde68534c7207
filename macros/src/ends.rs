//! Recognises the ends of channels among the arguments.

use syn::Type;

use crate::types;

/// The type `Receiver<T, F>` or `Sender<T, F>`.
pub(crate) struct Items {
    pub(crate) item: Type,
    /// `None` selects the default.
    pub(crate) format: Option<Type>,
}

/// An end of a channel.
pub(crate) enum End {
    Bytes,
    Items(Box<syn::Result<Items>>),
}

impl End {
    /// The end that `ty` names. In a function that returns a value, `Receiver` or `Sender` without
    /// arguments is a user type, because an end names its item type.
    pub(crate) fn of(ty: &Type, gives_value: bool) -> Option<Self> {
        let name = types::name(ty)?;
        if gives_value
            && !types::has_arguments(ty)
            && name != "ChannelReader"
            && name != "ChannelWriter"
        {
            return None;
        }
        if name == "ChannelReader" || name == "ChannelWriter" {
            Some(Self::Bytes)
        } else if name == "Receiver" || name == "Sender" {
            Some(Self::Items(Box::new(Items::of(ty))))
        } else {
            None
        }
    }
}

impl Items {
    fn of(ty: &Type) -> syn::Result<Self> {
        let (item, format) = match types::arguments(ty)[..] {
            // The compiler reports the missing argument, and suppresses errors that follow.
            [] => (ty, None),
            [item] => (item, None),
            [item, format, ..] => (item, Some(format)),
        };
        check_owned(item)?;
        Ok(Self {
            item: item.clone(),
            format: format.cloned(),
        })
    }
}

/// Rejects an item type that borrows. Items are sent to other tasks and processes, so they must be
/// owned.
pub(crate) fn check_owned(ty: &Type) -> syn::Result<()> {
    match types::borrowed(ty) {
        None => Ok(()),
        Some(token) => Err(syn::Error::new(
            token.span(),
            "what a stage takes, gives and keeps owns its data: `String` instead of `&str`, \
             `Vec<T>` instead of `&[T]`",
        )),
    }
}
