//! The code of a stage that runs once for the whole stream, from one end to the other or with only
//! one end.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::Type;
use syn::spanned::Spanned;

use crate::arguments::Role;
use crate::ends::Items;
use crate::expand::Parts;
use crate::items;
use crate::returns::Returns;
use crate::summary::summary;

/// Generates `impl StreamStage`.
pub(crate) fn stream_stage(parts: &Parts<'_>) -> TokenStream {
    let krate = &parts.krate;
    let ends = quote_spanned! {Span::mixed_site()=>
        input: #krate::Receiver<
            <Self as #krate::Stage>::In,
            <Self as #krate::Stage>::InFormat,
        >,
        output: #krate::Sender<
            <Self as #krate::Stage>::Out,
            <Self as #krate::Stage>::OutFormat,
        >,
    };
    let code = parts.start(&ends);
    parts.implement(&quote!(#krate::__private::StreamStage), &code)
}

/// Generates `impl StreamStage` for a function that returns its output.
pub(crate) fn value_stage(parts: &Parts<'_>, returns: &Returns) -> TokenStream {
    let krate = &parts.krate;
    let site = Span::mixed_site();
    let ends = quote_spanned! {site=>
        input: #krate::Receiver<
            <Self as #krate::Stage>::In,
            <Self as #krate::Stage>::InFormat,
        >,
        mut output: #krate::Sender<
            <Self as #krate::Stage>::Out,
            <Self as #krate::Stage>::OutFormat,
        >,
    };
    let outputs = returns.outputs(parts, &parts.call_on_ends());
    let code = quote_spanned! {site=> {
        let outputs = #outputs;
        #krate::__private::batches::send_outputs(outputs, &mut output).await
    }};
    let code = parts.start_with(&ends, &code);
    let shape = items::shape(parts, returns);
    let implemented = parts.implement(&quote!(#krate::__private::StreamStage), &code);
    quote!(#shape #implemented)
}

/// Generates `impl ByteStage`.
pub(crate) fn byte_stage(parts: &Parts<'_>) -> TokenStream {
    let krate = &parts.krate;
    let ends = quote_spanned! {Span::mixed_site()=>
        input: #krate::ChannelReader,
        output: #krate::ChannelWriter,
    };
    let code = parts.start(&ends);
    parts.implement(&quote!(#krate::__private::ByteStage), &code)
}

/// Generates `impl Producer` and `impl Service`.
pub(crate) fn producer(parts: &Parts<'_>, writer: &Items) -> TokenStream {
    let krate = &parts.krate;
    let item = &writer.item;
    let ends = quote_spanned! {Span::mixed_site()=>
        output: #krate::Sender<
            <Self as #krate::Producer>::Out,
            <Self as #krate::Producer>::Format,
        >,
    };
    let (format, id, start) = (
        parts.format(item, writer.format.as_ref()),
        parts.id(),
        parts.start(&ends),
    );
    let code = quote! {
        type Out = #item;
        type Format = #format;
        #id
        #start
    };
    let producer = quote!(#krate::Producer);
    let mut implemented = parts.implement(&producer, &code);
    let (info, described) = (
        quote!(#krate::StageInfo::of_producer::<Self>()),
        parts.described(),
    );
    implemented.extend(parts.service(&producer, &quote!(#info #described)));
    implemented
}

/// Generates `impl Consumer` and `impl Service`.
pub(crate) fn consumer(parts: &Parts<'_>, reader: &Items) -> TokenStream {
    parts.consumer(&reader.item, reader.format.as_ref(), &parts.code_of_ends())
}

impl Parts<'_> {
    /// Generates `impl Consumer` and `impl Service`, whose code is `code`.
    pub(crate) fn consumer(
        &self,
        item: &Type,
        format: Option<&Type>,
        code: &TokenStream,
    ) -> TokenStream {
        let parts = self;
        let krate = &parts.krate;
        let ends = quote_spanned! {Span::mixed_site()=>
            input: #krate::Receiver<
                <Self as #krate::Consumer>::In,
                <Self as #krate::Consumer>::Format,
            >,
        };
        let (format, id, start) = (
            parts.format(item, format),
            parts.id(),
            parts.start_with(&ends, code),
        );
        let code = quote! {
            type In = #item;
            type Format = #format;
            #id
            #start
        };
        let consumer = quote!(#krate::Consumer);
        let mut implemented = parts.implement(&consumer, &code);
        let (info, described) = (
            quote!(#krate::StageInfo::of_consumer::<Self>()),
            parts.described(),
        );
        implemented.extend(parts.service(&consumer, &quote!(#info #described)));
        implemented
    }
}

impl Parts<'_> {
    pub(crate) fn implement(&self, of: &TokenStream, code: &TokenStream) -> TokenStream {
        let (common, name) = (&self.common, &self.function.sig.ident);
        quote! {
            #common
            #[automatically_derived]
            impl #of for #name {
                #code
            }
        }
    }

    /// The type of the parameters and `fn start`, for the given ends.
    fn start(&self, ends: &TokenStream) -> TokenStream {
        self.start_with(ends, &self.code_of_ends())
    }

    /// The awaited call of a function on channel ends.
    fn call_on_ends(&self) -> TokenStream {
        let arguments = self.stage.arguments.roles.iter().map(|role| {
            let site = Span::mixed_site();
            match role {
                Role::Reader => self.end(
                    self.stage.arguments.input.as_ref(),
                    &quote_spanned!(site=> input),
                ),
                Role::Writer => self.end(
                    self.stage.arguments.writer.as_ref(),
                    &quote_spanned!(site=> output),
                ),
                Role::Params { by_ref } => {
                    let params = self.params_of(&quote_spanned!(site=> params));
                    if *by_ref { quote!(&#params) } else { params }
                }
                Role::Resource { by_ref, index } => {
                    let resource = self.resource_of(&quote_spanned!(site=> params), *index);
                    if *by_ref {
                        quote!(&#resource)
                    } else {
                        quote_spanned!(site=> ::core::clone::Clone::clone(&#resource))
                    }
                }
                Role::Context { by_ref: true } => quote_spanned!(site=> &context),
                Role::Context { by_ref: false } => quote_spanned!(site=> context),
                Role::Item { .. } | Role::State => TokenStream::new(),
            }
        });
        let entry = self.entry();
        quote!(Self::#entry(#(#arguments),*).await)
    }

    /// The call of a function on channel ends, as a `Result<()>`.
    fn code_of_ends(&self) -> TokenStream {
        let call = self.call_on_ends();
        if let Some(fallible) = self.stage.fallible {
            self.fallible(&call, &quote!(()), &quote!(()), &quote!(()), fallible)
        } else {
            quote!({ #call; ::core::result::Result::Ok(()) })
        }
    }

    /// The type of the parameters and `fn start`, whose code is `ended`.
    pub(crate) fn start_with(&self, ends: &TokenStream, ended: &TokenStream) -> TokenStream {
        let krate = &self.krate;
        let params = self.params();
        quote_spanned! {Span::mixed_site()=>
            type Params = #params;

            fn start(
                &self,
                #ends
                params: #params,
                context: #krate::StageContext,
            ) -> impl ::core::future::Future<
                Output = ::core::result::Result<(), #krate::Error>,
            > + ::core::marker::Send + 'static + use<> {
                async move { #ended }
            }
        }
    }

    /// The channel end for an argument of type `ty`.
    fn end(&self, ty: Option<&Type>, end: &TokenStream) -> TokenStream {
        let Some(ty) = ty else { return end.clone() };
        let krate = self.krate_at(ty.span());
        quote_spanned!(ty.span()=> <#ty as #krate::__private::TakesEnd<_>>::end(#end))
    }

    /// Adds the documentation summary to a `StageInfo`.
    pub(crate) fn described(&self) -> Option<TokenStream> {
        summary(&self.function.attrs).map(|text| quote!(.with_description(#text)))
    }

    /// Generates an `impl Service` that delegates to `of` and describes itself with `info`.
    pub(crate) fn service(&self, of: &TokenStream, info: &TokenStream) -> TokenStream {
        let Self { krate, common, .. } = self;
        let name = &self.function.sig.ident;
        let resource_types = self.resource_types_fn();
        quote_spanned! {Span::mixed_site()=>
            #common
            #[automatically_derived]
            impl #krate::Service for #name {
                fn service_id(&self) -> ::std::string::String {
                    #of::id(self)
                }

                fn service_info(&self) -> #krate::StageInfo {
                    #info
                }

                #resource_types

                fn serve_boxed(
                    &self,
                    ends: #krate::__private::Ends,
                    context: #krate::StageContext,
                ) -> #krate::__private::BoxFuture<
                    'static,
                    ::core::result::Result<#krate::StageReport, #krate::StageError>,
                > {
                    ::std::boxed::Box::pin(#of::serve(*self, ends, context))
                }
            }
        }
    }
}
