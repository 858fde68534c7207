//! The procedural macros of [pipewright](https://docs.rs/pipewright). Use them through that crate,
//! which documents them.
//!
//! | file | contents |
//! |---|---|
//! | `attr` | parses the settings of the attribute |
//! | `arguments`, `ends` | the purpose of each argument; the ends of channels among them |
//! | `ast` | the kind of stage that results |
//! | `returns` | the part of `ast` for the return type |
//! | `validate` | checks the settings against the signature: contradictions, and settings without effect |
//! | `cfg` | generates a variant for both outcomes of a `cfg` within the function |
//! | `expand` | generates the stage: `definition` its type and function, `items`, `batches` and `streams` its code |
//! | `finish` | the code for the end of the input |
//! | `given` | the parameters and resources of a stage |
//! | `summary` | extracts the summary from the documentation of the function |
//! | `fallback` | generates a stage that accompanies errors, so that its uses cause no further errors |

mod arguments;
mod ast;
mod attr;
mod batches;
mod cfg;
mod definition;
mod ends;
mod errors;
mod expand;
mod fallback;
mod finish;
mod given;
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
