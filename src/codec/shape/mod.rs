//! The shape of an item: which fields of which types its bytes hold, in which order.
//!
//! Bytes of a positional format do not say what they mean, so two programs that disagree about a
//! struct would read nonsense instead of failing. The shape goes into the header of the stream,
//! and the receiver compares it with its own.
//!
//! A shape is derived from the type itself, by what its `Deserialize` asks for ([`tracer`]). This
//! takes no derive beside serde's, and gives the type no values, so that its own code does not run.
//! A type that decides by what it reads (`untagged`, `flatten`) has no shape; such streams are not
//! compared. The crate serde-reflection was not taken: it runs the type's code on values that it
//! makes up, leaves enums inside lists and options untraced, overflows the stack where the first
//! variant of an enum is the recursive one, and takes two types of one name for the same.
//!
//! | schema | type |
//! |---|---|
//! | `"u64"`, `"string"`, `"unit"`, ... | scalars |
//! | `{"option": T}`, `{"list": T}`, `{"map": [K, V]}` | |
//! | `{"tuple": [A, B]}`, `{"array": T, "len": 3}` | tuples, of different and of equal types |
//! | `{"struct": "Line", "fields": [["number", "u64"], ["text", "string"]]}` | a field without a name has `null` |
//! | `{"newtype": "Id", "of": "u64"}` | the same bytes as the type in it |
//! | `{"enum": "Kind", "variants": [["Plain", "unit"], ["Boxed", {"fields": [..]}]]}` | |
//! | `{"ref": "Line"}` | a type that the schema has named elsewhere |
//! | `"unknown"` | a part of a tuple behind one that the type's own code makes; equal to any |

mod difference;
mod explorer;
mod maker;
mod schema;
mod traced;
mod tracer;
mod view;

#[cfg(test)]
mod tests;

use std::any::TypeId;
use std::collections::HashMap;
use std::sync::{LazyLock, PoisonError, RwLock};

use serde::de::DeserializeOwned;
use serde_json::Value;

pub(crate) use difference::differences;

/// The shapes of types that channels were opened for. Bounded by the number of types in the
/// program; the lock is never held while a type is traced.
static SHAPES: LazyLock<RwLock<HashMap<TypeId, Option<Value>>>> = LazyLock::new(RwLock::default);

/// The shape of `T`, or none where it cannot be found out. Found out once a type.
pub(crate) fn of<T: DeserializeOwned>() -> Option<Value> {
    let id = typeid::of::<T>();
    if let Some(shape) = SHAPES
        .read()
        .unwrap_or_else(PoisonError::into_inner)
        .get(&id)
    {
        return shape.clone();
    }
    let shape = tracer::trace::<T>();
    SHAPES
        .write()
        .unwrap_or_else(PoisonError::into_inner)
        .insert(id, shape.clone());
    shape
}
