//! The shape of an item: the fields, their types and their order in the encoded bytes.
//!
//! Positional bytes do not describe themselves, so two programs with different definitions of a
//! struct would read nonsense without an error. The shape is therefore part of the stream's header,
//! and the receiver compares it with its own.
//!
//! A shape is derived from the requests that the type's `Deserialize` makes ([`tracer`]). This
//! needs no derive except serde's, and it does not run the type's own code. A type that depends on
//! its input (`untagged`, `flatten`) has no shape, and its streams are not compared.
//! serde-reflection is not used: it runs the type's code on made-up values, does not trace enums
//! inside lists and options, overflows the stack if the first variant of an enum is recursive, and
//! confuses types of the same name.
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
//! | `"unknown"` | a part of a tuple after one that the type's own code creates; equal to any |

mod difference;
mod explorer;
mod maker;
mod schema;
mod stopped;
mod traced;
mod tracer;
mod view;

#[cfg(test)]
mod tests;

use std::any::TypeId;
use std::collections::HashMap;
use std::sync::{LazyLock, RwLock};

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::sync::RwLockExt;

pub(crate) use difference::differences;

/// The shapes of types used in channels. Bounded by the number of types in the program. The lock is
/// never held while a type is traced.
static SHAPES: LazyLock<RwLock<HashMap<TypeId, Option<Value>>>> = LazyLock::new(RwLock::default);

/// The shape of `T`, or `None` if it cannot be determined. Computed once per type.
pub(crate) fn of<T: DeserializeOwned>() -> Option<Value> {
    let id = typeid::of::<T>();
    if let Some(shape) = SHAPES.read_unpoisoned().get(&id) {
        return shape.clone();
    }
    let shape = tracer::trace::<T>();
    SHAPES.write_unpoisoned().insert(id, shape.clone());
    shape
}
