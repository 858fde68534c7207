//! Classifies the signature: the purpose of each argument and the resulting kind of stage.

use syn::spanned::Spanned;
use syn::{FnArg, Ident, ItemFn, Pat, PatType, Type};

use crate::errors::Errors;
use crate::returns::{Fallible, Returns, gives_value};
use crate::types;

/// The message for a signature that matches none of the forms.
pub(crate) const SHAPES: &str = "the shapes of a stage are
    fn(Item) -> Item, Option<Item>, Vec<Item>, [Item; N], impl Iterator<Item = Item> or impl Stream<Item = Item>, each plain or in a Result, `async` or not
    fn(&Item) -> bool, a filter
    async fn(Receiver<In>, Sender<Out>) -> Result<()>
    async fn(ChannelReader, ChannelWriter) -> Result<()>
    async fn(Sender<Out>) -> Result<()>, a producer
    async fn(Receiver<In>) -> Result<()>, a consumer
further arguments may be `state: &mut State` (for items), `context: &StageContext` and `params: Params`";

/// The purpose of an argument.
pub(crate) enum Role {
    Item { by_ref: bool },
    Reader,
    Writer,
    State,
    Params { by_ref: bool },
    Context { by_ref: bool },
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
}

impl Arguments {
    /// Whether the first argument states that items are borrowed.
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
            Role::Item { by_ref } | Role::Params { by_ref } | Role::Context { by_ref } => *by_ref,
            Role::State => true,
            Role::Reader | Role::Writer => false,
        })
    }
}

/// The kind of a stage, with its input and output types.
#[allow(clippy::large_enum_variant)] // There is one, for the time of an expansion.
pub(crate) enum Kind {
    Items { item: Type, returns: Returns },
    Streams { reader: Items, writer: Items },
    Bytes,
    Producer { writer: Items },
    Consumer { reader: Items },
}

/// `Receiver<T, F>` or `Sender<T, F>`.
pub(crate) struct Items {
    pub(crate) item: Type,
    /// `None` selects the default.
    pub(crate) format: Option<Type>,
}

/// A function that is a stage.
pub(crate) struct Stage {
    pub(crate) arguments: Arguments,
    pub(crate) kind: Kind,
    /// The position of the `Result`, if the function returns one. Not used for `Items`.
    pub(crate) fallible: Option<Fallible>,
}

impl Stage {
    /// Classifies a function whose signature is valid for a stage.
    pub(crate) fn classify(function: &ItemFn, errors: &mut Errors) -> Option<Self> {
        let arguments = arguments(function, errors)?;
        let gives = gives_value(&function.sig);
        let end = |ty: &Option<Type>| ty.as_ref().and_then(|ty| End::of(ty, gives));
        let ends = (end(&arguments.input), end(&arguments.writer));
        let kind = match ends {
            (Some(End::Items(reader)), Some(End::Items(writer))) => Kind::Streams {
                reader: errors.keep(*reader)?,
                writer: errors.keep(*writer)?,
            },
            (Some(End::Bytes), Some(End::Bytes)) => Kind::Bytes,
            (None, Some(End::Items(writer))) => Kind::Producer {
                writer: errors.keep(*writer)?,
            },
            (Some(End::Items(reader)), None) => Kind::Consumer {
                reader: errors.keep(*reader)?,
            },
            (None, Some(End::Bytes)) => {
                errors.at(
                    &arguments.writer,
                    "a producer sends through a `Sender`; one of bytes through `Sender<Bytes, Raw>`",
                );
                return None;
            }
            (Some(End::Bytes), None) => {
                errors.at(
                    &arguments.input,
                    "a consumer receives from a `Receiver`; one of bytes from `Receiver<Bytes, Raw>`",
                );
                return None;
            }
            (Some(_), Some(_)) => {
                errors.at(
                    &arguments.writer,
                    "the ends do not match: `Receiver` goes with `Sender` (for bytes \
                     `Sender<Bytes, Raw>`), `ChannelReader` with `ChannelWriter`",
                );
                return None;
            }
            (None, _) => {
                let item = arguments.input.clone()?;
                let returns = Returns::of_item(&function.sig, &arguments, errors)?;
                return Some(Self {
                    kind: Kind::Items { item, returns },
                    arguments,
                    fallible: None,
                });
            }
        };
        let fallible = errors.keep(Returns::of_ends(&function.sig))?;
        Some(Self {
            arguments,
            kind,
            fallible,
        })
    }
}

/// An end of a channel.
enum End {
    Bytes,
    Items(Box<syn::Result<Items>>),
}

impl End {
    /// The end that `ty` names. In a function that returns a value, `Receiver` or `Sender` without
    /// arguments is a user type, because an end names its item type.
    fn of(ty: &Type, gives_value: bool) -> Option<Self> {
        let name = types::name(ty)?;
        if gives_value
            && !types::has_arguments(ty)
            && name != "ChannelReader"
            && name != "ChannelWriter"
        {
            return None;
        }
        if name == "ChannelReader" || name == "ChannelWriter" {
            Some(Self::Bytes)
        } else if name == "Receiver" || name == "Sender" {
            Some(Self::Items(Box::new(Items::of(ty))))
        } else {
            None
        }
    }
}

impl Items {
    fn of(ty: &Type) -> syn::Result<Self> {
        let (item, format) = match types::arguments(ty)[..] {
            // The compiler says that something lacks, and nothing more of what has to do with it.
            [] => (ty, None),
            [item] => (item, None),
            [item, format, ..] => (item, Some(format)),
        };
        check_owned(item)?;
        Ok(Self {
            item: item.clone(),
            format: format.cloned(),
        })
    }
}

/// Items are sent to other tasks and processes, so they cannot borrow.
pub(crate) fn check_owned(ty: &Type) -> syn::Result<()> {
    match types::borrowed(ty) {
        None => Ok(()),
        Some(token) => Err(syn::Error::new(
            token.span(),
            "what a stage takes, gives and keeps owns its data: `String` instead of `&str`, \
             `Vec<T>` instead of `&[T]`",
        )),
    }
}

fn arguments(function: &ItemFn, errors: &mut Errors) -> Option<Arguments> {
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
        // Perhaps it would be one, if it were written out.
        let alias = if on_ends || by_ref {
            " (an alias is not seen through)"
        } else {
            ""
        };
        error(format!(
            "a stage takes one item, and this argument is none of the further ones{alias}; {SHAPES}"
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
