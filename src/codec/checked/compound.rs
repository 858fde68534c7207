use serde::ser::{
    SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant,
};
use serde::{Serialize, Serializer};

use super::checked_value::{Checked, Place};
use super::rules::Rules;
use super::token::Token;

/// The parts of a value, each of them checked.
pub(super) struct Compound<C, R> {
    inner: C,
    rules: R,
    /// Whether an element was serialised, so that the types of later elements are known.
    has_elements: bool,
}

impl<C, R: Rules> Compound<C, R> {
    #[inline]
    pub(super) fn new(inner: C, rules: R) -> Self {
        Self {
            inner,
            rules,
            has_elements: false,
        }
    }

    #[inline]
    fn part<'v, T: ?Sized>(&self, value: &'v T) -> Checked<'v, T, R> {
        Checked::within(value, self.rules, Place::default())
    }

    #[inline]
    fn key<'v, T: ?Sized>(&self, value: &'v T) -> Checked<'v, T, R> {
        let place = Place {
            somes: 0,
            is_key: true,
        };
        Checked::within(value, self.rules, place)
    }

    #[inline]
    fn check_name<E: serde::ser::Error>(&self, name: &'static str) -> Result<(), E> {
        if R::RESERVED_KEY == Some(name) {
            return Err(reserved_key(self.rules, name));
        }
        Ok(())
    }

    #[inline]
    fn check_skipped<E: serde::ser::Error>(&self, name: &'static str) -> Result<(), E> {
        if R::POSITIONAL {
            return Err(self.left_out(name));
        }
        Ok(())
    }

    #[cold]
    fn left_out<E: serde::ser::Error>(&self, name: &'static str) -> E {
        self.rules.refuse(format!(
            "the field `{name}` is left out (`skip_serializing_if`), which a positional format \
             cannot say; write the field, or choose a format that describes itself, such as `Json`"
        ))
    }
}

macro_rules! elements {
    ($($trait:ident $method:ident;)*) => {
        $(impl<C: $trait, R: Rules> $trait for Compound<C, R> {
            type Ok = C::Ok;
            type Error = C::Error;

            #[inline]
            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), C::Error> {
                let value = self.part(value);
                self.inner.$method(&value)
            }

            #[inline]
            fn end(self) -> Result<C::Ok, C::Error> {
                self.inner.end()
            }
        })*
    };
}

elements! {
    SerializeTuple serialize_element;
    SerializeTupleStruct serialize_field;
    SerializeTupleVariant serialize_field;
}

macro_rules! fields {
    ($($trait:ident;)*) => {
        $(impl<C: $trait, R: Rules> $trait for Compound<C, R> {
            type Ok = C::Ok;
            type Error = C::Error;

            #[inline]
            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), C::Error> {
                self.check_name(name)?;
                let value = self.part(value);
                self.inner.serialize_field(name, &value)
            }

            #[inline]
            fn skip_field(&mut self, name: &'static str) -> Result<(), C::Error> {
                self.check_skipped(name)?;
                self.inner.skip_field(name)
            }

            #[inline]
            fn end(self) -> Result<C::Ok, C::Error> {
                self.inner.end()
            }
        })*
    };
}

fields! {
    SerializeStruct;
    SerializeStructVariant;
}

impl<C: SerializeSeq, R: Rules> SerializeSeq for Compound<C, R> {
    type Ok = C::Ok;
    type Error = C::Error;

    #[inline]
    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), C::Error> {
        if R::POSITIONAL && !std::mem::replace(&mut self.has_elements, true) {
            self.rules.meets::<T>();
        }
        let value = self.part(value);
        self.inner.serialize_element(&value)
    }

    #[inline]
    fn end(self) -> Result<C::Ok, C::Error> {
        self.inner.end()
    }
}

impl<C: SerializeMap, R: Rules> SerializeMap for Compound<C, R> {
    type Ok = C::Ok;
    type Error = C::Error;

    #[inline]
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), C::Error> {
        if R::POSITIONAL && !self.has_elements {
            self.rules.meets::<T>();
        }
        let key = self.key(key);
        self.inner.serialize_key(&key)
    }

    #[inline]
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), C::Error> {
        if R::POSITIONAL && !std::mem::replace(&mut self.has_elements, true) {
            self.rules.meets::<T>();
        }
        let value = self.part(value);
        self.inner.serialize_value(&value)
    }

    #[inline]
    fn end(self) -> Result<C::Ok, C::Error> {
        self.inner.end()
    }
}

/// The fields of a struct, or the text of a token.
pub(super) enum Parts<S: Serializer, R> {
    Fields(Compound<S::SerializeStruct, R>),
    Token(Token<S, R>),
}

impl<S: Serializer, R: Rules> SerializeStruct for Parts<S, R> {
    type Ok = S::Ok;
    type Error = S::Error;

    #[inline]
    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), S::Error> {
        match self {
            Self::Fields(fields) => fields.serialize_field(name, value),
            Self::Token(token) => token.text(value),
        }
    }

    #[inline]
    fn skip_field(&mut self, name: &'static str) -> Result<(), S::Error> {
        match self {
            Self::Fields(fields) => fields.skip_field(name),
            Self::Token(_) => Ok(()),
        }
    }

    #[inline]
    fn end(self) -> Result<S::Ok, S::Error> {
        match self {
            Self::Fields(fields) => fields.end(),
            Self::Token(token) => token.end(),
        }
    }
}

/// Rejects a key or field that would be read as something else.
#[cold]
pub(super) fn reserved_key<R: Rules, E: serde::ser::Error>(rules: R, key: &str) -> E {
    rules.refuse(format!(
        "the key `{key}` is reserved for a null within an option; rename it"
    ))
}
