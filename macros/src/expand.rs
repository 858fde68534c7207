//! Generates the stage: its type, the function that returns its value, and the implementations of
//! the two traits of its kind.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Attribute, FnArg, ItemFn, Path, Type};

use crate::ast::{Kind, Stage};
use crate::attr::Attrs;
use crate::errors::Errors;
use crate::returns::Fallible;
use crate::{batches, cfg, definition, fallback, items, streams, validate};

/// Expands the attribute, given its settings and the annotated item.
pub(crate) fn pipeline_stage(settings: &TokenStream, item: &TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let attrs = Attrs::parse(settings.clone(), &mut errors);
    let function = match syn::parse2::<ItemFn>(item.clone()) {
        Ok(function) => function,
        Err(error) => return fallback::not_a_function(item, error),
    };
    if let Some(FnArg::Receiver(receiver)) = function.sig.inputs.first() {
        return fallback::method(&function, receiver);
    }
    if let Some(variants) = cfg::variants(&function, &attrs.krate(), settings) {
        return variants;
    }
    let stage = validate::signature(&function, &mut errors)
        .then(|| Stage::classify(&function, &attrs, &mut errors))
        .flatten();
    if let Some(stage) = &stage {
        validate::settings(&function, &attrs, stage, &mut errors);
    }
    match stage {
        Some(stage) if errors.is_empty() => expand(&function, &attrs, &stage),
        _ => fallback::stage(&function, &attrs, errors),
    }
}

/// The input for the generated code.
pub(crate) struct Parts<'a> {
    pub(crate) function: &'a ItemFn,
    pub(crate) attrs: &'a Attrs,
    pub(crate) stage: &'a Stage,
    /// The start of every path.
    pub(crate) krate: Path,
    /// Attributes for every generated item: `cfg` and lint levels.
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
    let definition = definition::of_stage(function);
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
        Kind::Value { reader, returns } => {
            let mut code = parts.stage(&reader.item, &returns.item, &quote!(streams));
            code.extend(streams::value_stage(&parts, returns));
            code
        }
        Kind::Bytes => {
            let krate = &parts.krate;
            let bytes: Type = syn::parse_quote!(#krate::__private::Bytes);
            let mut code = parts.stage(&bytes, &bytes, &quote!(bytes));
            code.extend(streams::byte_stage(&parts));
            code
        }
        Kind::Batches {
            item,
            returns: Some(returns),
        } => {
            let mut code = parts.stage(item, &returns.item, &quote!(streams));
            code.extend(batches::stage(&parts, returns));
            code
        }
        Kind::Batches { item, .. } => batches::consumer(&parts, item),
        Kind::Producer { writer } => streams::producer(&parts, writer),
        Kind::Consumer { reader } => streams::consumer(&parts, reader),
    };
    quote!(#definition #code)
}

/// The user's attributes that every generated item needs.
pub(crate) fn common(function: &ItemFn) -> TokenStream {
    attributes(function, &["cfg", "allow"])
}

pub(crate) fn attributes(function: &ItemFn, names: &[&str]) -> TokenStream {
    let chosen = function
        .attrs
        .iter()
        .filter(|attribute: &&Attribute| names.iter().any(|name| attribute.path().is_ident(name)));
    quote!(#(#chosen)*)
}

impl Parts<'_> {
    /// Generates `impl Stage`, which refers to the module `code` of the crate.
    fn stage(&self, item: &Type, out: &Type, code: &TokenStream) -> TokenStream {
        let Self { krate, common, .. } = self;
        let name = &self.function.sig.ident;
        let (in_format, out_format) = self.formats(item, out);
        let (id, described) = (self.id_text(), self.described());
        let takes_params = self.stage.arguments.params.is_some();
        let order = self.keeps_order();
        let resources = self
            .resource_types()
            .map(|types| quote!(.taking_resources(#types)));
        let info = quote_spanned!(Span::mixed_site()=> #krate::Stage::facts(self).info);
        let service = self.service(&quote!(#krate::Stage), &info);
        quote_spanned! {Span::mixed_site()=>
            #service

            #common
            #[automatically_derived]
            impl #krate::Stage for #name {
                type In = #item;
                type Out = #out;
                type InFormat = #in_format;
                type OutFormat = #out_format;

                const HAS_POLICY: bool = false;

                fn facts(&self) -> #krate::__private::StageFacts {
                    let info = #krate::StageInfo::of_stage::<Self>()#described;
                    #krate::__private::StageFacts::new(#id, info)
                        .taking_params(#takes_params)
                        .keeping_order(#order)
                        #resources
                }

                fn parts(self) -> ::std::vec::Vec<#krate::__private::Part> {
                    #krate::__private::Part::of(self)
                }

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

    /// Whether outputs keep the order of their items, as declared by the stage.
    fn keeps_order(&self) -> TokenStream {
        let krate = &self.krate;
        match &self.stage.kind {
            Kind::Items { .. } => quote!(#krate::__private::items::keeps_order::<Self>()),
            // Code that reads and writes the stream itself may use any order.
            _ if self.attrs.ordered.is_some() => quote!(#krate::__private::KeepsOrder::Yes),
            _ => quote!(#krate::__private::KeepsOrder::Alone),
        }
    }

    /// The formats. Errors about a format point to the item type.
    fn formats(&self, item: &Type, out: &Type) -> (TokenStream, TokenStream) {
        let (read, written) = match &self.stage.kind {
            Kind::Streams { reader, writer } => (reader.format.as_ref(), writer.format.as_ref()),
            Kind::Value { reader, .. } => {
                let output = self.attrs.output.as_ref().map(|(_, format)| format);
                (reader.format.as_ref(), output)
            }
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

    /// The format of `item`: the chosen one or `Json`.
    pub(crate) fn format(&self, item: &Type, chosen: Option<&Type>) -> TokenStream {
        if let Some(format) = chosen {
            return format.to_token_stream();
        }
        let krate = self.krate_at(item.span());
        quote_spanned!(item.span()=> #krate::format::Json)
    }

    /// The path to the crate, with `span` as the location of errors.
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

    /// Converts the returned `Result`: `value` becomes `given`, and any error becomes the crate's.
    pub(crate) fn fallible(
        &self,
        returned: &TokenStream,
        ty: &TokenStream,
        value: &TokenStream,
        given: &TokenStream,
        at: Fallible,
    ) -> TokenStream {
        // All tokens have the location of the error type, so that the compiler points there.
        let error = Ident::new("__error", at.error);
        let krate = self.krate_at(at.error);
        let failure = quote_spanned!(at.error=> #krate::__private::Failure::into_error(#error));
        let krate = self.krate_at(at.result);
        let result = Ident::new("__returned", at.result);
        let taken = quote_spanned! {at.result=>
            #krate::__private::ResultOf::<#ty>::into_result(#result)
        };
        quote_spanned! {Span::mixed_site()=> {
            let #result = #returned;
            match #taken {
                ::core::result::Result::Ok(#value) => ::core::result::Result::Ok(#given),
                ::core::result::Result::Err(#error) => ::core::result::Result::Err(#failure),
            }
        }}
    }

    /// The id: the chosen one, or the package and module path.
    fn id_text(&self) -> TokenStream {
        if let Some(id) = &self.attrs.id {
            return id.to_token_stream();
        }
        let krate = &self.krate;
        let name = self.function.sig.ident.unraw().to_string();
        quote! {
            #krate::__private::default_id(
                ::core::env!("CARGO_PKG_NAME"),
                ::core::module_path!(),
                ::core::any::type_name::<Self>(),
                #name,
            )
        }
    }

    /// The name of the associated function that calls the user's function.
    pub(crate) fn entry(&self) -> Ident {
        definition::entry(self.function)
    }

    /// Generates `fn id`.
    pub(crate) fn id(&self) -> TokenStream {
        let id = self.id_text();
        quote_spanned! {Span::mixed_site()=>
            fn id(&self) -> ::std::string::String {
                ::std::string::String::from(#id)
            }
        }
    }
}
