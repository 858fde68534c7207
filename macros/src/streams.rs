//! The code of a stage that runs once for the whole stream: from one end to the other, or with one
//! end only.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};

use crate::ast::{Items, Role};
use crate::expand::Parts;
use crate::summary::summary;

/// `impl StreamStage`.
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

/// `impl ByteStage`.
pub(crate) fn byte_stage(parts: &Parts<'_>) -> TokenStream {
    let krate = &parts.krate;
    let ends = quote_spanned! {Span::mixed_site()=>
        input: #krate::ChannelReader,
        output: #krate::ChannelWriter,
    };
    let code = parts.start(&ends);
    parts.implement(&quote!(#krate::__private::ByteStage), &code)
}

/// `impl Producer` and `impl Service`.
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
    implemented.extend(parts.service(&producer));
    implemented
}

/// `impl Consumer` and `impl Service`.
pub(crate) fn consumer(parts: &Parts<'_>, reader: &Items) -> TokenStream {
    let krate = &parts.krate;
    let item = &reader.item;
    let ends = quote_spanned! {Span::mixed_site()=>
        input: #krate::Receiver<
            <Self as #krate::Consumer>::In,
            <Self as #krate::Consumer>::Format,
        >,
    };
    let (format, id, start) = (
        parts.format(item, reader.format.as_ref()),
        parts.id(),
        parts.start(&ends),
    );
    let code = quote! {
        type In = #item;
        type Format = #format;
        #id
        #start
    };
    let consumer = quote!(#krate::Consumer);
    let mut implemented = parts.implement(&consumer, &code);
    implemented.extend(parts.service(&consumer));
    implemented
}

impl Parts<'_> {
    fn implement(&self, of: &TokenStream, code: &TokenStream) -> TokenStream {
        let (common, name) = (&self.common, &self.function.sig.ident);
        quote! {
            #common
            #[automatically_derived]
            #[allow(deprecated, unused_variables)]
            impl #of for #name {
                #code
            }
        }
    }

    /// The parameters' type and `fn start`, with the ends that it is given.
    fn start(&self, ends: &TokenStream) -> TokenStream {
        let krate = &self.krate;
        let params = self.params();
        let arguments = self.stage.arguments.roles.iter().map(|role| {
            let site = Span::mixed_site();
            match role {
                Role::Reader => quote_spanned!(site=> input),
                Role::Writer => quote_spanned!(site=> output),
                Role::Params { by_ref: true } => quote_spanned!(site=> &params),
                Role::Params { by_ref: false } => quote_spanned!(site=> params),
                Role::Context { by_ref: true } => quote_spanned!(site=> &context),
                Role::Context { by_ref: false } => quote_spanned!(site=> context),
                Role::Item { .. } | Role::State => TokenStream::new(),
            }
        });
        let call = quote!(Self::call(#(#arguments),*).await);
        let ended = if let Some(span) = self.stage.failure {
            self.fallible(&call, &quote!(()), &quote!(()), span)
        } else {
            quote!({ #call; ::core::result::Result::Ok(()) })
        };
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

    /// `impl Service` by way of `of`.
    pub(crate) fn service(&self, of: &TokenStream) -> TokenStream {
        let Self { krate, common, .. } = self;
        let name = &self.function.sig.ident;
        let described = summary(&self.function.attrs).map(|text| quote!(.with_description(#text)));
        quote_spanned! {Span::mixed_site()=>
            #common
            #[automatically_derived]
            impl #krate::Service for #name {
                fn service_id(&self) -> ::std::string::String {
                    #of::id(self)
                }

                fn service_info(&self) -> #krate::StageInfo {
                    #of::info(self)#described
                }

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
