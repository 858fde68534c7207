use serde::de::value::{U32Deserializer, U64Deserializer};
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor,
};

use super::maker::Maker;
use super::stopped::Stopped;
use super::traced::{Question, Step};

/// One run: the request made at the end of the path.
#[derive(Debug)]
pub(super) struct Run<'p> {
    pub(super) path: &'p [Step],
    /// The variant to use for made-up enums.
    pub(super) variant: usize,
    pub(super) question: Option<Question>,
}

/// A deserialiser that follows one path into a type and returns no value.
pub(super) struct Explorer<'r, 'p> {
    run: &'r mut Run<'p>,
    /// Number of steps taken.
    at: usize,
}

impl<'r, 'p> Explorer<'r, 'p> {
    pub(super) fn new(run: &'r mut Run<'p>, at: usize) -> Self {
        Self { run, at }
    }

    /// Takes the next step. At the end of the path, records the question instead.
    fn go(&mut self, question: Question) -> Result<Step, Stopped> {
        let Some(step) = self.run.path.get(self.at) else {
            self.run.question = Some(question);
            return Err(Stopped);
        };
        self.at += 1;
        Ok(*step)
    }

    fn parts(self, part: usize) -> Parts<'r, 'p> {
        Parts {
            explorer: self,
            before: part,
        }
    }

    fn member(self, number: usize) -> Fields<'r, 'p> {
        Fields {
            explorer: self,
            number,
        }
    }

    fn within<'de, V: Visitor<'de>>(
        mut self,
        question: Question,
        visitor: V,
    ) -> Result<V::Value, Stopped> {
        match self.go(question)? {
            Step::Part(part) => visitor.visit_seq(self.parts(part)),
            Step::Field(number) => visitor.visit_map(self.member(number)),
            _ => Err(Stopped),
        }
    }
}

macro_rules! scalars {
    ($($($method:ident)* => $name:literal;)*) => {
        $($(fn $method<V: Visitor<'de>>(mut self, _: V) -> Result<V::Value, Stopped> {
            self.go(Question::Scalar($name))?;
            Err(Stopped)
        })*)*
    };
}

impl<'de> Deserializer<'de> for Explorer<'_, '_> {
    type Error = Stopped;

    scalars! {
        deserialize_bool => "bool";
        deserialize_i8 => "i8";
        deserialize_i16 => "i16";
        deserialize_i32 => "i32";
        deserialize_i64 => "i64";
        deserialize_i128 => "i128";
        deserialize_u8 => "u8";
        deserialize_u16 => "u16";
        deserialize_u32 => "u32";
        deserialize_u64 => "u64";
        deserialize_u128 => "u128";
        deserialize_f32 => "f32";
        deserialize_f64 => "f64";
        deserialize_char => "char";
        deserialize_str deserialize_string => "string";
        deserialize_bytes deserialize_byte_buf => "bytes";
        deserialize_unit => "unit";
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Stopped> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Stopped> {
        self.go(Question::Option)?;
        visitor.visit_some(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Stopped> {
        self.go(Question::List)?;
        visitor.visit_seq(self.parts(0))
    }

    fn deserialize_map<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Stopped> {
        match self.go(Question::Map)? {
            Step::Key => visitor.visit_map(Entry::Key(self)),
            Step::Value => visitor.visit_map(Entry::Value(self)),
            _ => Err(Stopped),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Stopped> {
        self.within(Question::Tuple(len), visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        mut self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Stopped> {
        self.go(Question::Newtype((typeid::of::<V::Value>(), name)))?;
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Stopped> {
        let key = (typeid::of::<V::Value>(), name);
        self.within(Question::TupleStruct(key, len), visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stopped> {
        let key = (typeid::of::<V::Value>(), name);
        self.within(Question::Struct(key, names), visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        mut self,
        name: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stopped> {
        let key = (typeid::of::<V::Value>(), name);
        match self.go(Question::Enum(key, names))? {
            Step::Variant(number) => visitor.visit_enum(VariantOf {
                explorer: self,
                number,
            }),
            _ => Err(Stopped),
        }
    }

    // A type that asks for the type of the next value cannot be read from a positional format
    // anyway.

    fn deserialize_any<V: Visitor<'de>>(mut self, _: V) -> Result<V::Value, Stopped> {
        self.go(Question::Any)?;
        Err(Stopped)
    }

    fn deserialize_identifier<V: Visitor<'de>>(mut self, _: V) -> Result<V::Value, Stopped> {
        self.go(Question::Any)?;
        Err(Stopped)
    }

    /// The value of a field that the type does not have.
    fn deserialize_ignored_any<V: Visitor<'de>>(mut self, _: V) -> Result<V::Value, Stopped> {
        self.go(Question::Nothing)?;
        Err(Stopped)
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

/// Parts in a sequence: the ones before the explored part are made up.
struct Parts<'r, 'p> {
    explorer: Explorer<'r, 'p>,
    /// Number of parts to make up before it.
    before: usize,
}

impl<'de> SeqAccess<'de> for Parts<'_, '_> {
    type Error = Stopped;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Stopped> {
        let Explorer { run, at } = &mut self.explorer;
        match self.before.checked_sub(1) {
            Some(before) => {
                self.before = before;
                Maker::make(run.variant, seed).map(Some)
            }
            None => seed.deserialize(Explorer::new(run, *at)).map(Some),
        }
    }
}

/// A single field, given by number.
struct Fields<'r, 'p> {
    explorer: Explorer<'r, 'p>,
    number: usize,
}

impl<'de> MapAccess<'de> for Fields<'_, '_> {
    type Error = Stopped;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Stopped> {
        let key = seed.deserialize(U64Deserializer::<Stopped>::new(self.number as u64));
        if key.is_err() {
            self.explorer.run.question = Some(Question::Nothing);
        }
        key.map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Stopped> {
        let Explorer { run, at } = &mut self.explorer;
        seed.deserialize(Explorer::new(run, *at))
    }
}

/// A map entry, either the key or the value of which is explored.
enum Entry<'r, 'p> {
    Key(Explorer<'r, 'p>),
    Value(Explorer<'r, 'p>),
}

impl<'de> MapAccess<'de> for Entry<'_, '_> {
    type Error = Stopped;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Stopped> {
        match self {
            Self::Key(Explorer { run, at }) => seed.deserialize(Explorer::new(run, *at)).map(Some),
            Self::Value(explorer) => Maker::make(explorer.run.variant, seed).map(Some),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Stopped> {
        match self {
            Self::Key(_) => Err(Stopped),
            Self::Value(Explorer { run, at }) => seed.deserialize(Explorer::new(run, *at)),
        }
    }

    /// The value needs no key.
    fn next_entry_seed<K, V>(
        &mut self,
        key: K,
        value: V,
    ) -> Result<Option<(K::Value, V::Value)>, Stopped>
    where
        K: DeserializeSeed<'de>,
        V: DeserializeSeed<'de>,
    {
        match self {
            Self::Key(_) => self.next_key_seed(key).map(|_| None),
            Self::Value(_) => self.next_value_seed(value).map(|_| None),
        }
    }
}

/// One variant of an enum.
struct VariantOf<'r, 'p> {
    explorer: Explorer<'r, 'p>,
    number: usize,
}

impl<'de, 'r, 'p> EnumAccess<'de> for VariantOf<'r, 'p> {
    type Error = Stopped;
    type Variant = Explorer<'r, 'p>;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Explorer<'r, 'p>), Stopped> {
        let number = u32::try_from(self.number).map_err(|_| Stopped)?;
        match seed.deserialize(U32Deserializer::<Stopped>::new(number)) {
            Ok(variant) => Ok((variant, self.explorer)),
            Err(stopped) => {
                self.explorer.run.question = Some(Question::Nothing);
                Err(stopped)
            }
        }
    }
}

impl<'de> VariantAccess<'de> for Explorer<'_, '_> {
    type Error = Stopped;

    fn unit_variant(mut self) -> Result<(), Stopped> {
        self.go(Question::Scalar("unit"))?;
        Err(Stopped)
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Stopped> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Stopped> {
        self.deserialize_tuple(len, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stopped> {
        self.within(Question::Fields(names), visitor)
    }
}
