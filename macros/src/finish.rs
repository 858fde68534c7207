//! The code for the end of the input: the setting `finish`.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::spanned::Spanned;

use crate::expand::Parts;
use crate::returns::Returns;

/// Generates `FINISHES` and `fn finish`, if there is code for the end of the input.
pub(crate) fn of_items(parts: &Parts<'_>, returns: &Returns) -> Option<TokenStream> {
    let site = Span::mixed_site();
    let krate = &parts.krate;
    let state = quote_spanned! {site=>
        #krate::__private::items::take_state::<Self>(&mut run.state)
    };
    let outputs = parts.finished(returns, &state)?;
    Some(quote_spanned! {site=>
        const FINISHES: bool = true;

        fn finish(
            &self,
            run: &mut #krate::__private::ItemRun<
                <Self as #krate::__private::ItemStage>::State,
                <Self as #krate::__private::ItemStage>::Params,
            >,
        ) -> ::core::result::Result<
            ::std::vec::Vec<<Self as #krate::Stage>::Out>,
            #krate::Error,
        > {
            #outputs
        }
    })
}

impl Parts<'_> {
    /// The outputs at the end of the input, as a `Result<Vec<Out>>`, if there is code for it.
    /// Errors point to the name of that code.
    pub(crate) fn finished(&self, returns: &Returns, state: &TokenStream) -> Option<TokenStream> {
        let (_, function) = self.attrs.finish.as_ref()?;
        let (krate, item) = (self.krate_at(function.span()), &returns.item);
        Some(quote_spanned! {function.span()=> {
            let finish = #function;
            #krate::__private::Finished::<#item>::into_outputs(finish(#state))
        }})
    }
}
