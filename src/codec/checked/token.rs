//! Special values of `serde_json` that it marks with private names.

use std::borrow::Cow;

use serde::ser::{Error, Impossible, SerializeStruct};
use serde::{Serialize, Serializer};

use super::checked_value::Place;
use super::rules::Rules;

/// The name under which `serde_json::value::RawValue` serialises its text.
pub(in crate::codec) const RAW: &str = "$serde_json::private::RawValue";
/// The name under which `serde_json::Number` serialises its digits if the feature
/// `arbitrary_precision` is enabled by any crate.
pub(super) const NUMBER: &str = "$serde_json::private::Number";

/// A token, before and after its text.
pub(super) struct Token<S: Serializer, R> {
    text: Option<Text<S, R>>,
    written: Option<S::Ok>,
}

impl<S: Serializer, R: Rules> Token<S, R> {
    #[cold]
    pub(super) fn new(inner: S, rules: R, place: Place) -> Self {
        Self {
            text: Some(Text {
                inner,
                rules,
                place,
            }),
            written: None,
        }
    }

    #[cold]
    #[inline(never)]
    pub(super) fn text<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), S::Error> {
        if let Some(text) = self.text.take() {
            self.written = Some(value.serialize(text)?);
        }
        Ok(())
    }

    pub(super) fn end(self) -> Result<S::Ok, S::Error> {
        self.written
            .ok_or_else(|| S::Error::custom("a token of serde_json has no text"))
    }
}

/// Writes the text of a token as the value that it represents.
struct Text<S, R> {
    inner: S,
    rules: R,
    place: Place,
}

impl<S: Serializer, R: Rules> Text<S, R> {
    fn raw(self, text: &str) -> Result<S::Ok, S::Error> {
        let Self {
            inner,
            rules,
            place,
        } = self;
        if place.somes > 0 && text.trim_ascii() == "null" {
            return rules.null_within(inner, place.somes);
        }
        // A line end in JSON text is white space; within strings it is escaped.
        let text = if text.contains(['\n', '\r']) {
            Cow::Owned(text.replace(['\n', '\r'], ""))
        } else {
            Cow::Borrowed(text)
        };
        let mut raw = inner.serialize_struct(RAW, 1)?;
        raw.serialize_field(RAW, &*text)?;
        raw.end()
    }

    fn number(self, digits: &str) -> Result<S::Ok, S::Error> {
        let Self { inner, rules, .. } = self;
        if let Ok(number) = digits.parse() {
            return inner.serialize_u64(number);
        }
        if let Ok(number) = digits.parse() {
            return inner.serialize_i64(number);
        }
        match digits.parse::<f64>() {
            Ok(number) if number.is_finite() && keeps(number, digits) => {
                inner.serialize_f64(number)
            }
            _ => Err(rules.refuse(format!(
                "the number {digits} has more digits than a number of this format"
            ))),
        }
    }
}

/// Whether a float has the value of `digits`, that is, its shortest form has the same significant
/// digits.
fn keeps(number: f64, digits: &str) -> bool {
    let significant = |text: &str| -> String {
        let text = text.split(['e', 'E']).next().unwrap_or_default();
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        digits.trim_matches('0').to_owned()
    };
    significant(&format!("{number:e}")) == significant(digits)
}

macro_rules! refuse {
    ($($method:ident($($type:ty),*);)*) => {
        $(fn $method(self, $(_: $type),*) -> Result<S::Ok, S::Error> {
            Err(not_text())
        })*
    };
}

fn not_text<E: Error>() -> E {
    E::custom("a token of serde_json is no text")
}

impl<S: Serializer, R: Rules> Serializer for Text<S, R> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Impossible<S::Ok, S::Error>;
    type SerializeTuple = Impossible<S::Ok, S::Error>;
    type SerializeTupleStruct = Impossible<S::Ok, S::Error>;
    type SerializeTupleVariant = Impossible<S::Ok, S::Error>;
    type SerializeMap = Impossible<S::Ok, S::Error>;
    type SerializeStruct = Impossible<S::Ok, S::Error>;
    type SerializeStructVariant = Impossible<S::Ok, S::Error>;

    fn serialize_str(self, text: &str) -> Result<S::Ok, S::Error> {
        if R::TEXT_IS_RAW {
            self.raw(text)
        } else {
            self.number(text)
        }
    }

    refuse! {
        serialize_bool(bool);
        serialize_i8(i8);
        serialize_i16(i16);
        serialize_i32(i32);
        serialize_i64(i64);
        serialize_u8(u8);
        serialize_u16(u16);
        serialize_u32(u32);
        serialize_u64(u64);
        serialize_f32(f32);
        serialize_f64(f64);
        serialize_char(char);
        serialize_bytes(&[u8]);
        serialize_none();
        serialize_unit();
        serialize_unit_struct(&'static str);
        serialize_unit_variant(&'static str, u32, &'static str);
    }

    fn serialize_some<T: Serialize + ?Sized>(self, _: &T) -> Result<S::Ok, S::Error> {
        Err(not_text())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: &T,
    ) -> Result<S::Ok, S::Error> {
        Err(not_text())
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<S::Ok, S::Error> {
        Err(not_text())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, S::Error> {
        Err(not_text())
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, S::Error> {
        Err(not_text())
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, S::Error> {
        Err(not_text())
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, S::Error> {
        Err(not_text())
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, S::Error> {
        Err(not_text())
    }

    fn serialize_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStruct, S::Error> {
        Err(not_text())
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, S::Error> {
        Err(not_text())
    }
}
