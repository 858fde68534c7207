//! The code of a stage that processes one item at a time.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Expr, Type};

use crate::arguments::Role;
use crate::expand::Parts;
use crate::finish;
use crate::returns::{Form, Returns};
use crate::types;

/// Generates `impl ItemStage`.
pub(crate) fn item_stage(parts: &Parts<'_>, returns: &Returns) -> TokenStream {
    let Parts { krate, common, .. } = parts;
    let name = &parts.function.sig.ident;
    let arguments = &parts.stage.arguments;
    let state = if let Some(state) = &arguments.state {
        state.to_token_stream()
    } else {
        quote!(())
    };
    let params = parts.params();
    let outputs = returns.outputs_type(parts);
    let uses_context = arguments.has_context();
    let ordered = parts.attrs.unordered.is_none();
    let number = parts.attrs.concurrency.as_ref().map(|(_, number)| number);
    let concurrency = number.map(|number| {
        quote! {
            const CONCURRENCY: usize = #number;
            const ORDERED: bool = #ordered;
        }
    });
    // Constants in an `impl` are evaluated only when they are used, but this error should be
    // reported immediately. Literals were already checked.
    let checked = number.filter(|number| !matches!(number, Expr::Lit(_)));
    let checked = checked.map(|number| {
        quote_spanned! {number.span()=>
            #common
            #[allow(clippy::assertions_on_constants)]
            const _: () = ::core::assert!(#number > 0, "`concurrency` is at least 1");
        }
    });
    let at_once = at_once(parts, returns);
    let finish = finish::of_items(parts, returns);
    let shape = shape(parts, returns);
    let (future, body) = apply(parts, returns);
    quote_spanned! {Span::mixed_site()=>
        #checked
        #shape

        #common
        #[automatically_derived]
        impl #krate::__private::ItemStage for #name {
            type State = #state;
            type Params = #params;
            type Outputs = #outputs;

            #concurrency
            const USES_CONTEXT: bool = #uses_context;
            #at_once

            #[inline]
            fn apply(
                &self,
                item: <Self as #krate::Stage>::In,
                run: &mut #krate::__private::ItemRun<#state, #params>,
            ) -> #future {
                #body
            }

            #finish
        }
    }
}

/// Makes the compiler resolve aliases: an item must not be a `Result`.
pub(crate) fn shape(parts: &Parts<'_>, returns: &Returns) -> Option<TokenStream> {
    let check = match &returns.form {
        Form::One => "item",
        Form::Keep => return None,
        Form::Each(_) | Form::Lazy { .. } => "one_of_many",
    };
    let Parts { krate, common, .. } = parts;
    let (item, span) = (&returns.item, returns.item.span());
    let krate_there = parts.krate_at(span);
    let check = Ident::new(check, span);
    let checked = quote_spanned!(span=> #krate_there::__private::Shape::<#item>::new().#check());
    Some(quote_spanned! {Span::mixed_site()=>
        #common
        const _: fn() = || {
            use #krate::__private::AnyShape as _;
            #checked;
        };
    })
}

/// Generates `AT_ONCE`, for a synchronous call with at most one output. Messages of a call precede
/// its output, so a call that may send messages uses `apply` instead.
fn at_once(parts: &Parts<'_>, returns: &Returns) -> Option<TokenStream> {
    let is_plain = parts.function.sig.asyncness.is_none() && parts.attrs.blocking.is_none();
    if !is_plain || parts.stage.arguments.has_context() {
        return None;
    }
    let site = Span::mixed_site();
    let value = quote_spanned!(site=> value);
    let output = match &returns.form {
        Form::One => quote!(::core::option::Option::Some(#value)),
        Form::Keep => quote_spanned!(site=> bool::then_some(#value, item)),
        Form::Each(container) if types::is_named(container, "Option") => {
            let (krate, item) = (&parts.krate, &returns.item);
            quote_spanned! {site=>
                ::core::iter::Iterator::next(
                    &mut #krate::__private::Many::<#item>::into_items(#value),
                )
            }
        }
        Form::Each(_) | Form::Lazy { .. } => return None,
    };
    let given = returns.given(parts, &call(parts, Place::InLine), &value, &output);
    let krate = &parts.krate;
    Some(quote_spanned! {site=>
        const AT_ONCE: ::core::option::Option<#krate::__private::items::AtOnce<Self>> =
            ::core::option::Option::Some(|_, item, run| #given);
    })
}

/// The type and body of `apply`.
fn apply(parts: &Parts<'_>, returns: &Returns) -> (TokenStream, TokenStream) {
    let krate = &parts.krate;
    let applied = quote! {
        #krate::__private::Applied<
            <Self as #krate::__private::ItemStage>::Outputs,
            <Self as #krate::__private::ItemStage>::State,
        >
    };
    let future = quote! {
        impl ::core::future::Future<Output = #applied> + ::core::marker::Send + 'static + use<>
    };
    let site = Span::mixed_site();
    let is_async = parts.function.sig.asyncness.is_some();
    let is_blocking = parts.attrs.blocking.is_some();
    if !is_async && !is_blocking {
        let call = returns.outputs(parts, &call(parts, Place::InLine));
        let body = quote_spanned! {site=>
            ::core::future::ready(#krate::__private::Applied::stateless(#call))
        };
        return (future, body);
    }
    let taken = take(parts);
    let called = call(parts, Place::Taken);
    let state = if parts.stage.arguments.state.is_some() {
        quote_spanned!(site=> ::core::option::Option::Some(state))
    } else {
        quote!(::core::option::Option::None)
    };
    let body = if is_async {
        let outputs = returns.outputs(parts, &quote!(#called.await));
        quote_spanned! {site=>
            async move {
                let outputs = #outputs;
                #krate::__private::Applied { outputs, state: #state }
            }
        }
    } else {
        let outputs = returns.outputs(parts, &called);
        quote_spanned! {site=>
            #krate::__private::blocking(move || {
                let outputs = #outputs;
                #krate::__private::Applied { outputs, state: #state }
            })
        }
    };
    (future, quote!(#taken #body))
}

/// The source of the arguments.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// The run itself, because the call ends before `apply` returns.
    InLine,
    /// Values that were taken out of the run.
    Taken,
}

/// Takes the arguments of the call out of the run.
fn take(parts: &Parts<'_>) -> TokenStream {
    let krate = &parts.krate;
    let site = Span::mixed_site();
    let statements = parts.stage.arguments.roles.iter().map(|role| match role {
        Role::State => quote_spanned! {site=>
            let mut state = #krate::__private::items::take_state::<Self>(&mut run.state);
        },
        Role::Context { .. } => quote_spanned! {site=>
            let context = ::core::clone::Clone::clone(&run.context);
        },
        // Parameters and resources are taken together, below.
        Role::Params { .. }
        | Role::Resource { .. }
        | Role::Item { .. }
        | Role::Reader
        | Role::Writer => TokenStream::new(),
    });
    let arguments = &parts.stage.arguments;
    let given = arguments.params.is_some() || !arguments.resources.is_empty();
    let params = given.then(|| {
        quote_spanned! {site=>
            let params = ::std::sync::Arc::clone(&run.params);
        }
    });
    quote!(#params #(#statements)*)
}

/// The call of the user's function.
pub(crate) fn call(parts: &Parts<'_>, place: Place) -> TokenStream {
    let krate = &parts.krate;
    let site = Span::mixed_site();
    let arguments = parts.stage.arguments.roles.iter().map(|role| {
        let in_line = place == Place::InLine;
        let given = if in_line {
            quote_spanned!(site=> run.params)
        } else {
            quote_spanned!(site=> params)
        };
        match role {
            Role::Item { by_ref: true } => quote_spanned!(site=> &item),
            Role::Item { by_ref: false } | Role::Reader | Role::Writer => {
                quote_spanned!(site=> item)
            }
            Role::State if in_line => quote_spanned! {site=>
                #krate::__private::items::state::<Self>(&mut run.state)
            },
            Role::State => quote_spanned!(site=> &mut state),
            Role::Params { by_ref } => {
                let params = parts.params_of(&given);
                let params = quote!(&#params);
                if *by_ref {
                    params
                } else {
                    parts.own_params(&params)
                }
            }
            Role::Resource { by_ref, index } => {
                let resource = parts.resource_of(&given, *index);
                if *by_ref {
                    quote!(&#resource)
                } else {
                    quote_spanned!(site=> ::core::clone::Clone::clone(&#resource))
                }
            }
            Role::Context { by_ref: true } if in_line => quote_spanned!(site=> &run.context),
            Role::Context { by_ref: false } if in_line => quote_spanned! {site=>
                ::core::clone::Clone::clone(&run.context)
            },
            Role::Context { by_ref: true } => quote_spanned!(site=> &context),
            Role::Context { by_ref: false } => quote_spanned!(site=> context),
        }
    });
    let entry = parts.entry();
    quote!(Self::#entry(#(#arguments),*))
}

impl Returns {
    /// The type of `Outputs`.
    fn outputs_type(&self, parts: &Parts<'_>) -> TokenStream {
        let krate = &parts.krate;
        let item = &self.item;
        match &self.form {
            Form::One => quote!(#krate::__private::Iter<::core::iter::Once<#item>>),
            Form::Keep => quote!(#krate::__private::Iter<::core::option::IntoIter<#item>>),
            Form::Each(container) => {
                let krate_there = parts.krate_at(container.span());
                let many = quote_spanned! {container.span()=>
                    <#container as #krate_there::__private::Many<#item>>::Items
                };
                quote!(#krate::__private::Iter<#many>)
            }
            Form::Lazy { .. } => quote!(#krate::__private::Lazy<#item>),
        }
    }

    /// Converts the function's return value to a `Result` of outputs.
    pub(crate) fn outputs(&self, parts: &Parts<'_>, returned: &TokenStream) -> TokenStream {
        let value = quote_spanned!(Span::mixed_site()=> value);
        let outputs = self.outputs_of(parts, &value);
        self.given(parts, returned, &value, &outputs)
    }

    /// Converts `value`, returned by the function, to a `Result` of `given`.
    fn given(
        &self,
        parts: &Parts<'_>,
        returned: &TokenStream,
        value: &TokenStream,
        given: &TokenStream,
    ) -> TokenStream {
        let Some(fallible) = self.fallible else {
            return quote_spanned! {Span::mixed_site()=> {
                let value = #returned;
                ::core::result::Result::Ok(#given)
            }};
        };
        let ty = match &self.form {
            Form::One => self.item.to_token_stream(),
            Form::Keep => quote!(bool),
            Form::Each(container) => container.to_token_stream(),
            Form::Lazy { .. } => quote!(_),
        };
        parts.fallible(returned, &ty, value, given, fallible)
    }

    fn outputs_of(&self, parts: &Parts<'_>, value: &TokenStream) -> TokenStream {
        let krate = &parts.krate;
        let site = Span::mixed_site();
        let blocking = parts.attrs.blocking.is_some();
        match self.form {
            Form::One => quote!(#krate::__private::Iter(::core::iter::once(#value))),
            Form::Keep => quote_spanned! {site=>
                #krate::__private::Iter(::core::iter::IntoIterator::into_iter(
                    bool::then_some(#value, item),
                ))
            },
            Form::Each(_) => {
                let item = &self.item;
                quote!(#krate::__private::Iter(#krate::__private::Many::<#item>::into_items(#value)))
            }
            Form::Lazy {
                over_time: true,
                may_fail,
            } => {
                let make = if may_fail {
                    quote!(try_stream)
                } else {
                    quote!(stream)
                };
                quote!(#krate::__private::Lazy::#make(#value))
            }
            Form::Lazy {
                over_time: false,
                may_fail,
            } => {
                let make = if may_fail {
                    quote!(try_iter)
                } else {
                    quote!(iter)
                };
                // Iterating is the part that blocks, so it happens on the blocking thread.
                let items = if blocking {
                    quote! {
                        ::core::iter::Iterator::collect::<::std::vec::Vec<_>>(
                            ::core::iter::IntoIterator::into_iter(#value),
                        )
                    }
                } else {
                    value.clone()
                };
                quote!(#krate::__private::Lazy::#make(#items))
            }
        }
    }
}

impl Parts<'_> {
    /// Clones the parameters. Errors point to the argument.
    pub(crate) fn own_params(&self, params: &TokenStream) -> TokenStream {
        let Some(ty) = &self.stage.arguments.params else {
            return params.clone();
        };
        own(ty, params)
    }
}

fn own(ty: &Type, params: &TokenStream) -> TokenStream {
    quote_spanned!(ty.span()=> <#ty as ::core::clone::Clone>::clone(#params))
}
