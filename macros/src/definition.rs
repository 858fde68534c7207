//! The type of a stage, the function that returns its value, and the user's function.
//!
//! The compiler's lints ignore code written by a macro. Names chosen by the user are therefore
//! emitted with the macro's hygiene at the user's location, so no `allow` is needed. An `allow`
//! would be an error where the user forbids the lint.

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::{FnArg, ItemFn, Signature, Visibility};

use crate::arguments::binding;
use crate::expand::{attributes, common};

/// The definition of a stage. The user's function is nested in `call` under its own name. It can
/// then call itself, and attributes such as `#[instrument]` see its name.
pub(crate) fn of_stage(function: &ItemFn) -> TokenStream {
    let name = emitted(&function.sig.ident);
    let mut inner = function.clone();
    inner.sig.ident.clone_from(&name);
    inner.vis = Visibility::Inherited;
    inner.attrs.retain(|attribute| {
        let path = attribute.path();
        !(path.is_ident("doc") || path.is_ident("deprecated") || path.is_ident("cfg"))
    });
    let entry = entry(function);
    let (signature, arguments) = wrapper(&function.sig, &entry);
    let awaited = function
        .sig
        .asyncness
        .map(|token| quote_spanned!(token.span=> .await));
    let kept = attributes(function, &["must_use", "inline"]);
    let vis = as_emitted(function.vis.to_token_stream());
    let about = about_call(function);
    let code = quote_spanned! {Span::mixed_site()=>
        #inner
        #name(#(#arguments),*)#awaited
    };
    let deprecated = attributes(function, &["deprecated"]);
    let functions = if deprecated.is_empty() {
        quote!(#about #kept #vis #signature { #code })
    } else {
        // The stage itself calls it, which must not cause a warning.
        let call = Ident::new("call", Span::call_site());
        let (outer, arguments) = wrapper(&function.sig, &call);
        quote! {
            #signature { #code }

            #about #deprecated #kept
            #vis #outer {
                Self::#entry(#(#arguments),*)#awaited
            }
        }
    };
    definition(function, &functions)
}

/// The definition that accompanies errors, with the unchanged function.
pub(crate) fn as_written(function: &ItemFn) -> TokenStream {
    let mut call = function.clone();
    call.sig.ident = Ident::new("call", function.sig.ident.span());
    call.attrs
        .retain(|attribute| !attribute.path().is_ident("doc"));
    let about = about_call(function);
    definition(function, &quote!(#about #call))
}

/// The associated function that the stage calls: `call`, or a function behind it if `call` is
/// deprecated.
pub(crate) fn entry(function: &ItemFn) -> Ident {
    let is_deprecated = !attributes(function, &["deprecated"]).is_empty();
    let name = if is_deprecated { "__call" } else { "call" };
    Ident::new(name, Span::call_site())
}

fn definition(function: &ItemFn, functions: &TokenStream) -> TokenStream {
    let name = emitted(&function.sig.ident);
    let vis = as_emitted(function.vis.to_token_stream());
    let (common, docs) = (common(function), attributes(function, &["doc"]));
    let deprecated = attributes(function, &["deprecated"]);
    let plain = function.sig.ident.unraw();
    let about = format!(" Gives the stage [`{plain}`](struct@{plain}), to be put into a pipeline.");
    quote! {
        #common
        #docs
        #[derive(
            ::core::clone::Clone,
            ::core::marker::Copy,
            ::core::fmt::Debug,
            ::core::default::Default,
        )]
        #vis struct #name {}

        #common
        #deprecated
        #[doc = #about]
        #[must_use]
        #[inline]
        #vis const fn #name() -> #name {
            #name {}
        }

        #common
        // The kind of stage determines how arguments are passed, and that a stage may be `async`
        // but not `const`. The documentation is on the type.
        #[allow(
            clippy::missing_const_for_fn,
            clippy::missing_errors_doc,
            clippy::missing_panics_doc,
            clippy::must_use_candidate,
            clippy::needless_pass_by_value,
            clippy::trivially_copy_pass_by_ref,
            clippy::unused_async,
        )]
        impl #name {
            #functions
        }
    }
}

fn about_call(function: &ItemFn) -> TokenStream {
    let plain = function.sig.ident.unraw();
    let about = format!(" The function of the stage [`{plain}`](struct@{plain}).");
    quote!(#[doc = #about])
}

/// A signature with the name `name`, and the arguments that it forwards.
fn wrapper(signature: &Signature, name: &Ident) -> (Signature, Vec<Ident>) {
    let mut wrapper = signature.clone();
    wrapper.ident.clone_from(name);
    let mut names = Vec::new();
    for (at, argument) in wrapper.inputs.iter_mut().enumerate() {
        let FnArg::Typed(argument) = argument else {
            continue;
        };
        // A name with the macro's hygiene, which nothing in the user's code can refer to.
        let site = Span::mixed_site();
        let name = match binding(&argument.pat) {
            // An argument with the name of the called function would shadow it.
            Some(name) if *name != signature.ident => {
                let mut name = name.clone();
                name.set_span(site.located_at(name.span()));
                name
            }
            _ => format_ident!("argument{at}", span = site),
        };
        argument.attrs.clear();
        *argument.pat = syn::parse_quote!(#name);
        names.push(name);
    }
    (wrapper, names)
}

/// The name with the macro's hygiene and the user's location.
fn emitted(name: &Ident) -> Ident {
    let mut name = name.clone();
    name.set_span(Span::call_site().located_at(name.span()));
    name
}

fn as_emitted(tokens: TokenStream) -> TokenStream {
    let emitted = tokens.into_iter().map(|mut token| {
        token.set_span(Span::call_site().located_at(token.span()));
        match token {
            TokenTree::Group(group) => {
                let mut inner = Group::new(group.delimiter(), as_emitted(group.stream()));
                inner.set_span(group.span());
                TokenTree::Group(inner)
            }
            other => other,
        }
    });
    emitted.collect()
}
