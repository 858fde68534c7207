use std::fmt::Display;

use serde::{Serialize, Serializer};

use super::checked_value::{Checked, Place};
use super::compound::{Compound, Parts, reserved_key};
use super::rules::Rules;
use super::token::{NUMBER, RAW, Token};

impl<T: Serialize + ?Sized, R: Rules> Serialize for Checked<'_, T, R> {
    #[inline]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let checker = Checker::new(serializer, self.rules, self.place);
        self.value.serialize(checker)
    }
}

/// Wraps a serialiser and forwards what the rules allow.
struct Checker<S, R> {
    inner: S,
    rules: R,
    place: Place,
}

impl<S: Serializer, R: Rules> Checker<S, R> {
    #[inline]
    fn new(inner: S, rules: R, place: Place) -> Self {
        Self {
            inner,
            rules,
            place,
        }
    }

    #[cold]
    fn not_finite(self, name: &str) -> S::Error {
        self.rules.refuse(format!(
            "{name} is not a JSON number; send an `Option`, or choose another format"
        ))
    }

    #[inline]
    fn compound<C>(rules: R, inner: C) -> Compound<C, R> {
        Compound::new(inner, rules)
    }
}

/// The name of a non-finite float.
fn name(float: f64) -> &'static str {
    if float.is_nan() {
        "NaN"
    } else if float > 0.0 {
        "infinity"
    } else {
        "-infinity"
    }
}

macro_rules! forward {
    ($($method:ident($type:ty);)*) => {
        $(#[inline]
        fn $method(self, value: $type) -> Result<S::Ok, S::Error> {
            self.inner.$method(value)
        })*
    };
}

impl<S: Serializer, R: Rules> Serializer for Checker<S, R> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Compound<S::SerializeSeq, R>;
    type SerializeTuple = Compound<S::SerializeTuple, R>;
    type SerializeTupleStruct = Compound<S::SerializeTupleStruct, R>;
    type SerializeTupleVariant = Compound<S::SerializeTupleVariant, R>;
    type SerializeMap = Compound<S::SerializeMap, R>;
    type SerializeStruct = Parts<S, R>;
    type SerializeStructVariant = Compound<S::SerializeStructVariant, R>;

    forward! {
        serialize_bool(bool);
        serialize_i8(i8);
        serialize_i16(i16);
        serialize_i32(i32);
        serialize_i64(i64);
        serialize_i128(i128);
        serialize_u8(u8);
        serialize_u16(u16);
        serialize_u32(u32);
        serialize_u64(u64);
        serialize_u128(u128);
        serialize_char(char);
        serialize_bytes(&[u8]);
    }

    #[inline]
    fn serialize_f32(self, value: f32) -> Result<S::Ok, S::Error> {
        if R::NON_FINITE || value.is_finite() {
            return self.inner.serialize_f32(value);
        }
        Err(self.not_finite(name(value.into())))
    }

    #[inline]
    fn serialize_f64(self, value: f64) -> Result<S::Ok, S::Error> {
        if R::NON_FINITE || value.is_finite() {
            return self.inner.serialize_f64(value);
        }
        Err(self.not_finite(name(value)))
    }

    #[inline]
    fn serialize_str(self, value: &str) -> Result<S::Ok, S::Error> {
        if self.place.is_key && R::RESERVED_KEY.is_some_and(|reserved| reserved == value) {
            return Err(reserved_key(self.rules, value));
        }
        self.inner.serialize_str(value)
    }

    #[inline]
    fn serialize_none(self) -> Result<S::Ok, S::Error> {
        match self.place.somes {
            0 => self.inner.serialize_none(),
            somes => self.rules.null_within(self.inner, somes),
        }
    }

    #[inline]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        if R::POSITIONAL {
            self.rules.meets::<T>();
            let value = Checked::within(value, self.rules, Place::default());
            return self.inner.serialize_some(&value);
        }
        // Self-describing formats write only the content of the option.
        let somes = self.place.somes + 1;
        value.serialize(Checker {
            place: Place {
                somes,
                ..self.place
            },
            ..self
        })
    }

    #[inline]
    fn serialize_unit(self) -> Result<S::Ok, S::Error> {
        match self.place.somes {
            0 => self.inner.serialize_unit(),
            somes => self.rules.null_within(self.inner, somes),
        }
    }

    #[inline]
    fn serialize_unit_struct(self, name: &'static str) -> Result<S::Ok, S::Error> {
        match self.place.somes {
            somes @ 1.. if R::UNIT_STRUCT_IS_NULL => self.rules.null_within(self.inner, somes),
            _ => self.inner.serialize_unit_struct(name),
        }
    }

    #[inline]
    fn serialize_unit_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
    ) -> Result<S::Ok, S::Error> {
        self.rules.meets_variant(name, index, variant);
        if self.place.is_key && R::RESERVED_KEY == Some(variant) {
            return Err(reserved_key(self.rules, variant));
        }
        self.inner.serialize_unit_variant(name, index, variant)
    }

    #[inline]
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        let value = Checked::within(value, self.rules, self.place);
        self.inner.serialize_newtype_struct(name, &value)
    }

    #[inline]
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        self.rules.meets_variant(name, index, variant);
        self.rules.meets::<T>();
        if R::RESERVED_KEY == Some(variant) {
            return Err(reserved_key(self.rules, variant));
        }
        let value = Checked::within(value, self.rules, Place::default());
        self.inner
            .serialize_newtype_variant(name, index, variant, &value)
    }

    #[inline]
    fn serialize_seq(self, len: Option<usize>) -> Result<Self::SerializeSeq, S::Error> {
        let inner = self.inner.serialize_seq(len)?;
        Ok(Self::compound(self.rules, inner))
    }

    #[inline]
    fn serialize_tuple(self, len: usize) -> Result<Self::SerializeTuple, S::Error> {
        let inner = self.inner.serialize_tuple(len)?;
        Ok(Self::compound(self.rules, inner))
    }

    #[inline]
    fn serialize_tuple_struct(
        self,
        name: &'static str,
        len: usize,
    ) -> Result<Self::SerializeTupleStruct, S::Error> {
        let inner = self.inner.serialize_tuple_struct(name, len)?;
        Ok(Self::compound(self.rules, inner))
    }

    #[inline]
    fn serialize_tuple_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self::SerializeTupleVariant, S::Error> {
        self.rules.meets_variant(name, index, variant);
        let inner = self
            .inner
            .serialize_tuple_variant(name, index, variant, len)?;
        Ok(Self::compound(self.rules, inner))
    }

    #[inline]
    fn serialize_map(self, len: Option<usize>) -> Result<Self::SerializeMap, S::Error> {
        let inner = self.inner.serialize_map(len)?;
        Ok(Self::compound(self.rules, inner))
    }

    #[inline]
    fn serialize_struct(
        self,
        name: &'static str,
        len: usize,
    ) -> Result<Self::SerializeStruct, S::Error> {
        if (R::TEXT_IS_RAW && name == RAW) || (R::TEXT_IS_NUMBER && name == NUMBER) {
            return Ok(Parts::Token(Token::new(self.inner, self.rules, self.place)));
        }
        if R::REFUSES_RAW && name == RAW {
            return Err(self.rules.refuse(
                "JSON text (`RawValue`, `Payload`) has no form in this format; send a \
                 `serde_json::Value`, or choose `Json`"
                    .to_owned(),
            ));
        }
        let inner = self.inner.serialize_struct(name, len)?;
        Ok(Parts::Fields(Self::compound(self.rules, inner)))
    }

    #[inline]
    fn serialize_struct_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self::SerializeStructVariant, S::Error> {
        self.rules.meets_variant(name, index, variant);
        let inner = self
            .inner
            .serialize_struct_variant(name, index, variant, len)?;
        Ok(Self::compound(self.rules, inner))
    }

    #[inline]
    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        if self.place.is_key && R::RESERVED_KEY.is_some() {
            return self.serialize_str(&value.to_string());
        }
        self.inner.collect_str(value)
    }

    #[inline]
    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}
