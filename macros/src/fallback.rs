//! The code that accompanies errors: the user's function and a stage with unknown item types, so
//! that uses of the stage cause no further errors.

use proc_macro2::{TokenStream, TokenTree};
use quote::quote;
use syn::{ItemFn, Receiver};

use crate::arguments::SHAPES;
use crate::attr::Attrs;
use crate::definition;
use crate::errors::Errors;

/// The attribute is not on a function, or on a function with `error`.
pub(crate) fn not_a_function(item: &TokenStream, error: syn::Error) -> TokenStream {
    let is_fn = |token: TokenTree| matches!(token, TokenTree::Ident(name) if name == "fn");
    let error = if item.clone().into_iter().any(is_fn) {
        error
    } else {
        let message = format!("`#[pipeline_stage]` goes on a function; {SHAPES}");
        syn::Error::new_spanned(item.clone().into_iter().next(), message)
    };
    let error = error.into_compile_error();
    quote!(#error #item)
}

/// A method cannot be a stage, because no type can be declared within an `impl`.
pub(crate) fn method(function: &ItemFn, receiver: &Receiver) -> TokenStream {
    let message = "a stage is a function without `self`: move it out of the `impl`, and take what \
                   it needs of `self` as `params` or as state";
    let error = syn::Error::new_spanned(receiver, message).into_compile_error();
    quote!(#error #function)
}

/// A stage with an invalid signature or invalid settings.
pub(crate) fn stage(function: &ItemFn, attrs: &Attrs, errors: Errors) -> TokenStream {
    let krate = attrs.krate();
    let name = &function.sig.ident;
    let mut errors = errors.into_tokens().into_iter();
    let first = errors.next();
    let mut meant = function.clone();
    // Rust reports variadic functions itself.
    meant.sig.variadic = None;
    // Whether the function's own code uses something may depend on the mistake.
    meant.attrs.push(syn::parse_quote!(#[allow(unused)]));
    let definition = definition::as_written(&meant);
    // The first error is placed inside a type. Every use of that type is then an error type, so the
    // compiler reports nothing that follows from it.
    quote! {
        #(#errors)*

        #definition

        #[automatically_derived]
        #[allow(unused_variables)]
        impl #krate::Service for #name {
            fn service_id(&self) -> ::std::string::String {
                ::std::string::String::new()
            }

            fn serve_boxed(
                &self,
                ends: #krate::__private::Ends,
                context: #krate::StageContext,
            ) -> #krate::__private::BoxFuture<
                'static,
                ::core::result::Result<#krate::StageReport, #krate::StageError>,
            > {
                ::core::unreachable!()
            }
        }

        #[automatically_derived]
        #[allow(unused_variables)]
        impl #krate::Stage for #name {
            type In = [(); { #first }];
            type Out = <Self as #krate::Stage>::In;
            type InFormat = <Self as #krate::Stage>::In;
            type OutFormat = <Self as #krate::Stage>::In;

            const HAS_POLICY: bool = false;

            fn facts(&self) -> #krate::__private::StageFacts {
                ::core::unreachable!()
            }

            fn parts(self) -> ::std::vec::Vec<#krate::__private::Part> {
                ::core::unreachable!()
            }

            fn fuse<Input>(
                self,
                input: Input,
                context: #krate::StageContext,
            ) -> impl #krate::__private::Stream<
                Item = #krate::__private::Flow<<Self as #krate::Stage>::Out>,
            > + ::core::marker::Send + 'static
            where
                Input: #krate::__private::Stream<
                        Item = #krate::__private::Flow<<Self as #krate::Stage>::In>,
                    > + ::core::marker::Send
                    + 'static,
            {
                #krate::__private::empty()
            }

            async fn serve(
                self,
                ends: #krate::__private::Ends,
                context: #krate::StageContext,
            ) -> ::core::result::Result<#krate::StageReport, #krate::StageError> {
                ::core::unreachable!()
            }
        }
    }
}
