//! Writes the stage: the type, the function that gives its value, and what the two traits of its
//! kind ask for.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Attribute, FnArg, ItemFn, Path, Type};

use crate::ast::{Kind, Stage};
use crate::attr::Attrs;
use crate::errors::Errors;
use crate::{fallback, items, streams, validate};

/// The attribute: its settings and what it stands on.
pub(crate) fn pipeline_stage(settings: TokenStream, item: &TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let attrs = Attrs::parse(settings, &mut errors);
    let function = match syn::parse2::<ItemFn>(item.clone()) {
        Ok(function) => function,
        Err(error) => return fallback::not_a_function(item, error),
    };
    if let Some(FnArg::Receiver(receiver)) = function.sig.inputs.first() {
        return fallback::method(&function, receiver);
    }
    let stage = validate::signature(&function, &mut errors)
        .then(|| Stage::classify(&function, &mut errors))
        .flatten();
    if let Some(stage) = &stage {
        validate::settings(&function, &attrs, stage, &mut errors);
    }
    match stage {
        Some(stage) if errors.is_empty() => expand(&function, &attrs, &stage),
        _ => fallback::stage(&function, &attrs, errors),
    }
}

/// What the code of a kind is written from.
pub(crate) struct Parts<'a> {
    pub(crate) function: &'a ItemFn,
    pub(crate) attrs: &'a Attrs,
    pub(crate) stage: &'a Stage,
    /// Paths begin with it.
    pub(crate) krate: Path,
    /// Attributes of every item: `cfg`, and what lints are not to say.
    pub(crate) common: TokenStream,
}

fn expand(function: &ItemFn, attrs: &Attrs, stage: &Stage) -> TokenStream {
    let parts = Parts {
        function,
        attrs,
        stage,
        krate: attrs.krate(),
        common: common(function),
    };
    let definition = definition(function);
    let code = match &stage.kind {
        Kind::Items { item, returns } => {
            let mut code = parts.stage(item, &returns.item, &quote!(items));
            code.extend(items::item_stage(&parts, returns));
            code
        }
        Kind::Streams { reader, writer } => {
            let mut code = parts.stage(&reader.item, &writer.item, &quote!(streams));
            code.extend(streams::stream_stage(&parts));
            code
        }
        Kind::Bytes => {
            let krate = &parts.krate;
            let bytes: Type = syn::parse_quote!(#krate::__private::Bytes);
            let mut code = parts.stage(&bytes, &bytes, &quote!(bytes));
            code.extend(streams::byte_stage(&parts));
            code
        }
        Kind::Producer { writer } => streams::producer(&parts, writer),
        Kind::Consumer { reader } => streams::consumer(&parts, reader),
    };
    quote!(#definition #code)
}

/// The type of the stage, the function that gives its value, and the user's function as `call`.
pub(crate) fn definition(function: &ItemFn) -> TokenStream {
    let (name, vis) = (&function.sig.ident, &function.vis);
    let (common, docs) = (common(function), attributes(function, &["doc"]));
    let deprecated = attributes(function, &["deprecated"]);
    let plain = name.unraw();
    let about = format!(" Gives the stage [`{plain}`](struct@{plain}), to be put into a pipeline.");
    let about_call = format!(" The function of the stage [`{plain}`](struct@{plain}).");
    let mut call = function.clone();
    call.sig.ident = syn::Ident::new("call", name.span());
    call.attrs
        .retain(|attribute| !attribute.path().is_ident("doc"));
    quote! {
        #common
        #docs
        #[allow(dead_code, non_camel_case_types, unreachable_pub)]
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
        impl #name {
            #[doc = #about_call]
            // The shape says how arguments are taken, and that a stage may be `async`.
            #[allow(
                dead_code,
                unreachable_pub,
                clippy::needless_pass_by_value,
                clippy::trivially_copy_pass_by_ref,
                clippy::unused_async,
            )]
            #call
        }
    }
}

/// Attributes of the user that every item has to have.
fn common(function: &ItemFn) -> TokenStream {
    attributes(function, &["cfg", "allow"])
}

fn attributes(function: &ItemFn, names: &[&str]) -> TokenStream {
    let chosen = function
        .attrs
        .iter()
        .filter(|attribute: &&Attribute| names.iter().any(|name| attribute.path().is_ident(name)));
    quote!(#(#chosen)*)
}

impl Parts<'_> {
    /// `impl Stage`, whose code is in the module `code` of the crate.
    fn stage(&self, item: &Type, out: &Type, code: &TokenStream) -> TokenStream {
        let Self { krate, common, .. } = self;
        let name = &self.function.sig.ident;
        let (in_format, out_format) = self.formats(item, out);
        let id = self.id();
        let service = self.service(&quote!(#krate::Stage));
        quote_spanned! {Span::mixed_site()=>
            #service

            #common
            #[automatically_derived]
            impl #krate::Stage for #name {
                type In = #item;
                type Out = #out;
                type InFormat = #in_format;
                type OutFormat = #out_format;

                #id

                #[inline]
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
                    #krate::__private::#code::fuse(self, input, context)
                }

                fn serve(
                    self,
                    ends: #krate::__private::Ends,
                    context: #krate::StageContext,
                ) -> impl ::core::future::Future<
                    Output = ::core::result::Result<#krate::StageReport, #krate::StageError>,
                > + ::core::marker::Send + 'static {
                    #krate::__private::#code::serve(self, ends, context)
                }
            }
        }
    }

    /// The formats. An error about one is an error about the items, and points there.
    fn formats(&self, item: &Type, out: &Type) -> (TokenStream, TokenStream) {
        let (read, written) = match &self.stage.kind {
            Kind::Streams { reader, writer } => (reader.format.as_ref(), writer.format.as_ref()),
            Kind::Bytes => {
                let krate = &self.krate;
                let raw = quote!(#krate::format::Raw);
                return (raw.clone(), raw);
            }
            _ => {
                let chosen = |setting| Option::map(setting, |(_, format): &(_, Type)| format);
                (
                    chosen(self.attrs.input.as_ref()),
                    chosen(self.attrs.output.as_ref()),
                )
            }
        };
        (self.format(item, read), self.format(out, written))
    }

    /// The format of `item`: the one chosen, or `Json`.
    pub(crate) fn format(&self, item: &Type, chosen: Option<&Type>) -> TokenStream {
        if let Some(format) = chosen {
            return format.to_token_stream();
        }
        let krate = self.krate_at(item.span());
        quote_spanned!(item.span()=> #krate::format::Json)
    }

    /// The path to the crate for code whose errors are to point to `span`.
    pub(crate) fn krate_at(&self, span: Span) -> TokenStream {
        self.krate
            .to_token_stream()
            .into_iter()
            .map(|mut token| {
                token.set_span(span);
                token
            })
            .collect()
    }

    /// `fn id`: the one chosen, or the package and the function.
    pub(crate) fn id(&self) -> TokenStream {
        let id = if let Some(id) = &self.attrs.id {
            id.to_token_stream()
        } else {
            let name = self.function.sig.ident.unraw().to_string();
            quote!(::core::concat!(::core::env!("CARGO_PKG_NAME"), "::", #name))
        };
        quote_spanned! {Span::mixed_site()=>
            fn id(&self) -> ::std::string::String {
                ::std::string::String::from(#id)
            }
        }
    }

    /// The type of the parameters.
    pub(crate) fn params(&self) -> TokenStream {
        if let Some(params) = &self.stage.arguments.params {
            params.to_token_stream()
        } else {
            quote!(())
        }
    }
}
