//! The procedural macros of [pipewright](https://docs.rs/pipewright); use them through that crate,
//! which documents them.
//!
//! | file | does |
//! |---|---|
//! | `attr` | reads what stands in the parentheses of the attribute |
//! | `ast` | classifies the signature: what the arguments are for, what comes out |
//! | `returns` | the part of `ast` that reads the return type |
//! | `validate` | compares the two: what contradicts, what has no effect |
//! | `cfg` | writes a variant for either outcome of a `cfg` that is within the function |
//! | `expand` | writes the stage: `definition` its type and its function, `items` and `streams` its code |
//! | `summary` | what the documentation of the function says of it in short |
//! | `fallback` | writes a stage beside the errors, so that its uses are no errors as well |

mod ast;
mod attr;
mod cfg;
mod definition;
mod errors;
mod expand;
mod fallback;
mod items;
mod returns;
mod streams;
mod summary;
mod types;
mod validate;

use proc_macro::TokenStream;

// Documented where `pipewright` re-exports it, because examples run there.
#[allow(missing_docs)]
#[proc_macro_attribute]
pub fn pipeline_stage(attr: TokenStream, item: TokenStream) -> TokenStream {
    expand::pipeline_stage(&attr.into(), &item.into()).into()
}
