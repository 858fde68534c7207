//! Classifies the arguments: the purpose of each.

use syn::spanned::Spanned;
use syn::{FnArg, Ident, ItemFn, Pat, PatType, Type};

use crate::ends::{End, check_owned};
use crate::errors::Errors;
use crate::returns::gives_value;
use crate::types;

/// The message for a signature that matches none of the forms.
pub(crate) const SHAPES: &str = "the shapes of a stage are
    fn(Item) -> Item, Option<Item>, Vec<Item>, [Item; N], impl Iterator<Item = Item> or impl Stream<Item = Item>, each plain or in a Result, `async` or not
    fn(&Item) -> bool, a filter
    async fn(Receiver<In>, Sender<Out>) -> Result<()>
    async fn(ChannelReader, ChannelWriter) -> Result<()>
    async fn(Sender<Out>) -> Result<()>, a producer
    async fn(Receiver<In>) -> Result<()>, a consumer
    async fn(Receiver<In>) -> Result<Out>, which outputs its return value at the end
further arguments may be `state: &mut State` (for items), `context: &StageContext`, `name: &Resource<T>` and `params: Params`";

/// The role of an argument.
pub(crate) enum Role {
    Item {
        by_ref: bool,
    },
    Reader,
    Writer,
    State,
    Params {
        by_ref: bool,
    },
    Context {
        by_ref: bool,
    },
    /// The resource at this index of `Arguments::resources`.
    Resource {
        by_ref: bool,
        index: usize,
    },
}

/// The arguments, in the order of the signature.
pub(crate) struct Arguments {
    pub(crate) roles: Vec<Role>,
    /// The type of the item or of the reading end.
    pub(crate) input: Option<Type>,
    /// The type of the writing end.
    pub(crate) writer: Option<Type>,
    pub(crate) state: Option<Type>,
    pub(crate) params: Option<Type>,
    /// The `T` of each `Resource<T>`.
    pub(crate) resources: Vec<Type>,
}

impl Arguments {
    /// Whether the first argument declares borrowed items.
    pub(crate) fn borrows_item(&self) -> bool {
        self.roles
            .iter()
            .any(|role| matches!(role, Role::Item { by_ref: true }))
    }

    pub(crate) fn has_context(&self) -> bool {
        self.roles
            .iter()
            .any(|role| matches!(role, Role::Context { .. }))
    }

    /// Whether the return value could borrow an argument.
    pub(crate) fn any_by_ref(&self) -> bool {
        self.roles.iter().any(|role| match role {
            Role::Item { by_ref }
            | Role::Params { by_ref }
            | Role::Context { by_ref }
            | Role::Resource { by_ref, .. } => *by_ref,
            Role::State => true,
            Role::Reader | Role::Writer => false,
        })
    }
}

/// Classifies the arguments of a function.
pub(crate) fn arguments(function: &ItemFn, errors: &mut Errors) -> Option<Arguments> {
    let typed: Vec<&PatType> = function
        .sig
        .inputs
        .iter()
        .filter_map(|argument| match argument {
            FnArg::Typed(typed) => Some(typed),
            FnArg::Receiver(_) => None,
        })
        .collect();
    if typed.is_empty() {
        let span = function.sig.paren_token.span.join();
        errors.at_span(span, format_args!("a stage takes something; {SHAPES}"));
        return None;
    }
    let gives = gives_value(&function.sig);
    let on_ends = typed
        .iter()
        .any(|argument| End::of(&argument.ty, gives).is_some());
    let mut found = Arguments {
        roles: Vec::with_capacity(typed.len()),
        input: None,
        writer: None,
        state: None,
        params: None,
        resources: Vec::new(),
    };
    let mut all_well = true;
    for (place, argument) in typed.into_iter().enumerate() {
        let takes_item = place == 0 && !on_ends;
        if let Err(error) = found.add(argument, takes_item, on_ends, gives) {
            errors.push(error);
            all_well = false;
        }
    }
    all_well.then_some(found)
}

impl Arguments {
    fn add(
        &mut self,
        argument: &PatType,
        takes_item: bool,
        on_ends: bool,
        gives: bool,
    ) -> syn::Result<()> {
        let ty = types::peel(&argument.ty);
        let error = |message: String| Err(syn::Error::new_spanned(&argument.ty, message));
        let (target, by_ref, by_mut) = match ty {
            Type::Reference(reference) => (
                types::peel(&reference.elem),
                reference.mutability.is_none(),
                reference.mutability.is_some(),
            ),
            other => (other, false, false),
        };
        if End::of(target, gives).is_some() {
            if by_ref || by_mut {
                return error(format!(
                    "a stage owns the ends of its channels: `mut {}: {}`",
                    binding(&argument.pat).map_or("end".to_owned(), ToString::to_string),
                    quote::quote!(#target).to_string().replace(' ', "")
                ));
            }
            return self.add_end(target);
        }
        if types::is_named(target, "StageContext") {
            if by_mut || takes_item {
                return error(if takes_item {
                    format!("the first argument is the item; {SHAPES}")
                } else {
                    "the context is `&StageContext`; all of its methods take `&self`".to_owned()
                });
            }
            if self.has_context() {
                return error("a stage has one context".to_owned());
            }
            self.roles.push(Role::Context { by_ref });
            return Ok(());
        }
        if takes_item {
            if by_mut {
                return error(
                    "the first argument is the item: `Item` to own it, `&Item` for a filter; \
                     state follows it"
                        .to_owned(),
                );
            }
            let item = if by_ref {
                owned(target)
            } else {
                target.clone()
            };
            check_owned(&item)?;
            self.input = Some(item);
            self.roles.push(Role::Item { by_ref });
            return Ok(());
        }
        if let Some(resource) = resource(target) {
            return self.add_resource(&argument.ty, resource, by_ref, by_mut);
        }
        if binding(&argument.pat).is_some_and(is_params) {
            if by_mut {
                return error(
                    "the parameters are the same for the whole run: `params: &Params`; what \
                     changes is state, under another name"
                        .to_owned(),
                );
            }
            if self.params.is_some() {
                return error("a stage has one `params`".to_owned());
            }
            check_owned(target)?;
            self.params = Some(target.clone());
            self.roles.push(Role::Params { by_ref });
            return Ok(());
        }
        if by_mut {
            return self.add_state(argument, target, on_ends);
        }
        // An alias is rejected, although it may stand for an accepted type.
        let alias = if on_ends || by_ref {
            " (an alias is not recognised)"
        } else {
            ""
        };
        error(format!(
            "a stage takes one item, and this is not one of the supported further arguments{alias}; {SHAPES}"
        ))
    }

    fn add_end(&mut self, ty: &Type) -> syn::Result<()> {
        let reads = types::is_named(ty, "Receiver") || types::is_named(ty, "ChannelReader");
        let (place, role, what) = if reads {
            (
                &mut self.input,
                Role::Reader,
                "one input; merge streams before it in the pipeline",
            )
        } else {
            (
                &mut self.writer,
                Role::Writer,
                "one output; branch after it in the pipeline",
            )
        };
        if place.is_some() {
            return Err(syn::Error::new_spanned(
                ty,
                format_args!("a stage has {what}"),
            ));
        }
        *place = Some(ty.clone());
        self.roles.push(role);
        Ok(())
    }

    fn add_resource(
        &mut self,
        written: &Type,
        resource: &Type,
        by_ref: bool,
        by_mut: bool,
    ) -> syn::Result<()> {
        if by_mut {
            return Err(syn::Error::new_spanned(
                written,
                "a resource is shared by all calls and runs: `&Resource<T>`; for what changes, put \
                 a `Mutex` or an atomic into it",
            ));
        }
        check_owned(resource)?;
        let index = self.resources.len();
        self.resources.push(resource.clone());
        self.roles.push(Role::Resource { by_ref, index });
        Ok(())
    }

    fn add_state(&mut self, argument: &PatType, state: &Type, on_ends: bool) -> syn::Result<()> {
        let problem = if on_ends {
            "the function runs once for the whole stream, so its state is a local variable"
        } else if self.state.is_some() {
            "a stage has one state; put both into a struct that is `Default`"
        } else {
            check_owned(state)?;
            self.state = Some(state.clone());
            self.roles.push(Role::State);
            return Ok(());
        };
        Err(syn::Error::new_spanned(&argument.ty, problem))
    }
}

/// The `T` of `Resource<T>`.
fn resource(ty: &Type) -> Option<&Type> {
    match types::arguments(ty)[..] {
        [resource] if types::is_named(ty, "Resource") => Some(resource),
        _ => None,
    }
}

/// Whether the argument holds parameters. An unused one may start with an underscore.
fn is_params(name: &Ident) -> bool {
    name == "params" || name == "_params"
}

/// The name that an argument is bound to.
pub(crate) fn binding(pat: &Pat) -> Option<&Ident> {
    match pat {
        Pat::Ident(binding) => Some(&binding.ident),
        Pat::Paren(paren) => binding(&paren.pat),
        _ => None,
    }
}

/// The owned form of a borrowed `target`: a filter of `&str` is a filter of `String`.
fn owned(target: &Type) -> Type {
    match target {
        Type::Slice(slice) => {
            let elem = &slice.elem;
            syn::parse_quote_spanned!(elem.span()=> ::std::vec::Vec<#elem>)
        }
        Type::Path(path) if path.path.is_ident("str") => {
            syn::parse_quote_spanned!(path.span()=> ::std::string::String)
        }
        other => other.clone(),
    }
}
