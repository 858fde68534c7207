use std::collections::{BTreeMap, HashMap};
use std::fmt;

use serde::Serialize;
use serde_json::Value;

use super::super::FunctionError;
use crate::wire::{ErrorBody, Payload, StreamChannelRef};

/// A type that a function may return.
///
/// Prefer `Result<T, E>`, where `T` implements `Serialize` and `E` implements `Display`. With
/// [`FunctionError`] as `E`, the function chooses the error's code. Functions that cannot fail may
/// return common types directly: `()`, `bool`, numbers, `String`, `Option`, `Vec`, maps,
/// [`serde_json::Value`], [`Payload`], [`StreamChannelRef`]. Wrap other types in `Ok`: `Ok::<_,
/// FunctionError>(mine)`.
#[diagnostic::on_unimplemented(
    message = "a function cannot return `{Self}`",
    note = "return `Result<T, E>` where `T: serde::Serialize` and `E: std::fmt::Display`",
    note = "or one of (), bool, a number, String, Option, Vec, a map, serde_json::Value, Payload"
)]
pub trait FunctionOutput {
    /// The result in its wire form.
    #[doc(hidden)]
    fn into_outcome(self) -> Result<Payload, FunctionError>;
}

impl<T, E> FunctionOutput for Result<T, E>
where
    T: Serialize,
    E: fmt::Display + 'static,
{
    fn into_outcome(self) -> Result<Payload, FunctionError> {
        match self {
            Ok(value) => serialised(&value),
            Err(error) => Err(FunctionError::of(error)),
        }
    }
}

fn serialised<T: Serialize>(value: &T) -> Result<Payload, FunctionError> {
    Payload::new(value).map_err(|error| {
        FunctionError::new(
            ErrorBody::SERIALIZATION_ERROR,
            format!("the result has no JSON form: {error}"),
        )
    })
}

/// A blanket impl for `Serialize` would overlap with `Result`, so the types are listed.
macro_rules! plain_output {
    ($([$($param:ident),*] $type:ty;)+) => {$(
        impl<$($param: Serialize),*> FunctionOutput for $type {
            fn into_outcome(self) -> Result<Payload, FunctionError> {
                serialised(&self)
            }
        }
    )+};
}

plain_output! {
    [] (); [] bool; [] char; [] String; [] &str;
    [] i8; [] i16; [] i32; [] i64; [] i128; [] isize;
    [] u8; [] u16; [] u32; [] u64; [] u128; [] usize;
    [] f32; [] f64;
    [] Value; [] StreamChannelRef;
    [T] Option<T>; [T] Vec<T>;
    [T] BTreeMap<String, T>; [T] HashMap<String, T>;
    [A, B] (A, B); [A, B, C] (A, B, C);
}

impl FunctionOutput for Payload {
    fn into_outcome(self) -> Result<Payload, FunctionError> {
        Ok(self)
    }
}
