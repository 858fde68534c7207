//! The code of a stage that processes a batch of items at a time.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Type;

use crate::expand::Parts;
use crate::items::{self, Place};
use crate::returns::Returns;

/// Generates `impl StreamStage` for a function that has outputs.
pub(crate) fn stage(parts: &Parts<'_>, returns: &Returns) -> TokenStream {
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
    let outputs = returns.outputs(parts, &called(parts));
    let each = quote_spanned!(site=> batches.send(outputs, &mut output).await?;);
    let finish = parts.finished(returns, &quote_spanned!(site=> state));
    let finish = finish.map(|outputs| {
        quote_spanned! {site=>
            let outputs = #outputs;
            #krate::__private::batches::send_last(outputs, &mut output).await?;
        }
    });
    let code = parts.each_batch(&outputs, &each, finish.as_ref());
    let shape = items::shape(parts, returns);
    let code = parts.start_with(&ends, &code);
    let implemented = parts.implement(&quote!(#krate::__private::StreamStage), &code);
    quote!(#shape #implemented)
}

/// Generates `impl Consumer` and `impl Service` for a function without outputs.
pub(crate) fn consumer(parts: &Parts<'_>, item: &Type) -> TokenStream {
    let called = called(parts);
    let unit = quote!(());
    let done = if let Some(fallible) = parts.stage.fallible {
        parts.fallible(&called, &unit, &unit, &unit, fallible)
    } else {
        quote!({ #called; ::core::result::Result::Ok(()) })
    };
    let each = quote_spanned!(Span::mixed_site()=> batches.done(outputs)?;);
    let code = parts.each_batch(&done, &each, None);
    let format = parts.attrs.input.as_ref().map(|(_, format)| format);
    parts.consumer(item, format, &code)
}

/// The call of the user's function.
fn called(parts: &Parts<'_>) -> TokenStream {
    let call = items::call(parts, Place::Taken);
    let awaited = parts.function.sig.asyncness.map(|_| quote!(.await));
    quote!(#call #awaited)
}

impl Parts<'_> {
    /// A block that computes `outputs` for each batch, handles them with `each`, and ends with
    /// `finish`.
    fn each_batch(
        &self,
        outputs: &TokenStream,
        each: &TokenStream,
        finish: Option<&TokenStream>,
    ) -> TokenStream {
        let krate = &self.krate;
        let size = self.attrs.batch.as_ref().map(|(_, size)| size);
        let within = self.attrs.within.as_ref().map(|(_, within)| within);
        let site = Span::mixed_site();
        let state = self.stage.arguments.state.as_ref().map(|state| {
            let state = state.to_token_stream();
            quote_spanned! {site=>
                let mut state = <#state as ::core::default::Default>::default();
            }
        });
        quote_spanned! {site=> {
            #state
            let mut batches = #krate::__private::batches::Batches::new(
                input,
                const {
                    let size: usize = #size;
                    ::core::assert!(size > 0, "`batch` is at least 1");
                    size
                },
                #within,
                &context,
            );
            while let ::core::option::Option::Some(item) = batches.next().await? {
                let outputs = #outputs;
                #each
            }
            #finish
            ::core::result::Result::Ok(())
        }}
    }
}
