//! The inputs of a run besides the stream: parameters and resources.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;

use crate::expand::Parts;

impl Parts<'_> {
    /// The type of the parameters, with the resources if there are any.
    pub(crate) fn params(&self) -> TokenStream {
        let params = self.stage.arguments.params.as_ref();
        let params = params.map_or_else(|| quote!(()), ToTokens::to_token_stream);
        let krate = &self.krate;
        match self.resource_list() {
            Some(list) => quote!(#krate::__private::WithResources<#params, #list>),
            None => params,
        }
    }

    /// The expression for the parameters in `given`, a value of the type [`params`](Self::params).
    pub(crate) fn params_of(&self, given: &TokenStream) -> TokenStream {
        if self.stage.arguments.resources.is_empty() {
            return given.clone();
        }
        quote_spanned!(Span::mixed_site()=> #given.params)
    }

    /// The expression for a resource in `given`, a value of the type [`params`](Self::params).
    #[allow(clippy::unused_self, reason = "the counterpart of `params_of`")]
    pub(crate) fn resource_of(&self, given: &TokenStream, index: usize) -> TokenStream {
        let rest = std::iter::repeat_n(quote!(.1), index);
        quote_spanned!(Span::mixed_site()=> #given.resources #(#rest)* .0)
    }

    /// An expression for the types of the resources, if there are any.
    pub(crate) fn resource_types(&self) -> Option<TokenStream> {
        let krate = &self.krate;
        let list = self.resource_list()?;
        Some(quote!(<#list as #krate::__private::ResourceList>::types()))
    }

    /// `Service::resource_types`, unless the default is sufficient.
    pub(crate) fn resource_types_fn(&self) -> Option<TokenStream> {
        let krate = &self.krate;
        let types = self.resource_types()?;
        Some(quote! {
            fn resource_types(&self) -> ::std::vec::Vec<#krate::__private::ResourceType> {
                #types
            }
        })
    }

    /// The resources as a list of nested pairs. Errors about a resource point to its type.
    fn resource_list(&self) -> Option<TokenStream> {
        let resources = &self.stage.arguments.resources;
        if resources.is_empty() {
            return None;
        }
        Some(resources.iter().rev().fold(quote!(()), |rest, resource| {
            let krate = self.krate_at(resource.span());
            quote_spanned!(resource.span()=> (#krate::Resource<#resource>, #rest))
        }))
    }
}
