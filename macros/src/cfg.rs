//! `cfg` and `cfg_attr` within a function that becomes a stage.
//!
//! The compiler evaluates `cfg` after the macro has run, and a macro cannot query the result. The
//! macro therefore writes the stage twice, with and without the conditional part, and puts a `cfg`
//! on each. Only the one that remains is expanded further.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::punctuated::Punctuated;
use syn::{Attribute, FnArg, ItemFn, Meta, Path, Token};

/// Returns the function with the first such attribute resolved both ways, or `None` if there is
/// none.
pub(crate) fn variants(
    function: &ItemFn,
    krate: &Path,
    settings: &TokenStream,
) -> Option<TokenStream> {
    let (predicate, with, without) = of_argument(function).or_else(|| of_function(function))?;
    Some(quote! {
        #[cfg(#predicate)]
        #[#krate::pipeline_stage(#settings)]
        #with

        #[cfg(not(#predicate))]
        #[#krate::pipeline_stage(#settings)]
        #without
    })
}

/// The predicate, the function if it is true, and the function if it is false.
type Split = (TokenStream, ItemFn, ItemFn);

fn of_argument(function: &ItemFn) -> Option<Split> {
    let inputs = function.sig.inputs.iter();
    for (at, argument) in inputs.enumerate() {
        let FnArg::Typed(typed) = argument else {
            continue;
        };
        for (place, attribute) in typed.attrs.iter().enumerate() {
            let (predicate, then) = match conditional(attribute) {
                Some(Conditional::Cfg(predicate)) => (predicate, None),
                Some(Conditional::CfgAttr(predicate, then)) => (predicate, Some(then)),
                None => continue,
            };
            let (mut with, mut without) = (function.clone(), function.clone());
            let attributes = |function: &mut ItemFn, then: Vec<Attribute>| {
                if let Some(FnArg::Typed(typed)) = function.sig.inputs.iter_mut().nth(at) {
                    typed.attrs.splice(place..=place, then);
                }
            };
            if let Some(then) = then {
                attributes(&mut with, then);
                attributes(&mut without, Vec::new());
            } else {
                attributes(&mut with, Vec::new());
                let inputs = function.sig.inputs.iter().enumerate();
                let others = inputs.filter(|(other, _)| *other != at);
                without.sig.inputs = others.map(|(_, argument)| argument.clone()).collect();
            }
            return Some((predicate, with, without));
        }
    }
    None
}

/// A `cfg_attr` may add an attribute for the macro, so it must be resolved first.
fn of_function(function: &ItemFn) -> Option<Split> {
    for (place, attribute) in function.attrs.iter().enumerate() {
        let Some(Conditional::CfgAttr(predicate, then)) = conditional(attribute) else {
            continue;
        };
        let (mut with, mut without) = (function.clone(), function.clone());
        with.attrs.splice(place..=place, then);
        without.attrs.remove(place);
        return Some((predicate, with, without));
    }
    None
}

enum Conditional {
    Cfg(TokenStream),
    CfgAttr(TokenStream, Vec<Attribute>),
}

/// `None` for any other attribute, and for an invalid one, which the compiler reports.
fn conditional(attribute: &Attribute) -> Option<Conditional> {
    let Meta::List(list) = &attribute.meta else {
        return None;
    };
    if list.path.is_ident("cfg") {
        return Some(Conditional::Cfg(list.tokens.clone()));
    }
    if !list.path.is_ident("cfg_attr") {
        return None;
    }
    let parts = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated);
    let mut parts = parts.ok()?.into_iter();
    let predicate = parts.next()?.to_token_stream();
    let then = parts.map(|meta| syn::parse_quote!(#[#meta]));
    Some(Conditional::CfgAttr(predicate, then.collect()))
}
