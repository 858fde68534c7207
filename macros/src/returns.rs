//! Classifies the return type.

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::{ReturnType, Signature, Type};

use crate::arguments::{Arguments, SHAPES};
use crate::ends::check_owned;
use crate::errors::Errors;
use crate::types::{self, Series};

/// The return type of a function that processes items.
pub(crate) struct Returns {
    /// The output item.
    pub(crate) item: Type,
    pub(crate) form: Form,
    /// The position of the `Result`, if the item is inside one.
    pub(crate) fallible: Option<Fallible>,
}

/// The locations for errors about a `Result`.
#[derive(Clone, Copy)]
pub(crate) struct Fallible {
    /// The `Result` itself.
    pub(crate) result: Span,
    /// Its second argument, if it has one.
    pub(crate) error: Span,
}

impl Fallible {
    fn of(result: &Type) -> Self {
        let error = types::arguments(result).get(1).map(Spanned::span);
        Self {
            result: result.span(),
            error: error.unwrap_or_else(|| result.span()),
        }
    }
}

/// Whether the function returns something other than `()` or a `Result<()>`.
pub(crate) fn gives_value(signature: &Signature) -> bool {
    match &signature.output {
        ReturnType::Default => false,
        ReturnType::Type(_, ty) if types::is_unit(ty) => false,
        ReturnType::Type(_, ty) if types::is_named(ty, "Result") => {
            let given = types::arguments(ty);
            given.first().is_some_and(|ty| !types::is_unit(ty))
        }
        ReturnType::Type(..) => true,
    }
}

/// The number of outputs for one input.
pub(crate) enum Form {
    One,
    /// `bool`: the input item is kept or dropped.
    Keep,
    /// `Option`, `Vec` or an array; the type as written.
    Each(Box<Type>),
    /// An iterator or a stream, whose items may be `Result`s.
    Lazy {
        over_time: bool,
        may_fail: bool,
    },
}

impl Returns {
    /// The return type of a function that processes items.
    pub(crate) fn of_item(
        signature: &Signature,
        arguments: &Arguments,
        errors: &mut Errors,
    ) -> Option<Self> {
        let returned = match &signature.output {
            ReturnType::Type(_, ty) => types::peel(ty),
            ReturnType::Default => {
                errors.at(&signature.ident, GIVES_NOTHING);
                return None;
            }
        };
        let given = types::arguments(returned);
        // Without arguments it is a user type or an alias, which is resolved by its type.
        let (ty, fallible) = match given.first() {
            Some(ty) if types::is_named(returned, "Result") => {
                (types::peel(ty), Some(Fallible::of(returned)))
            }
            _ => (returned, None),
        };
        let (item, form) = errors.keep(of_value(ty, arguments))?;
        Some(Self {
            item,
            form,
            fallible,
        })
    }

    /// The return type of a function on channel ends: the position of its `Result`, if it returns
    /// one.
    pub(crate) fn of_ends(signature: &Signature) -> syn::Result<Option<Fallible>> {
        let ReturnType::Type(_, returned) = &signature.output else {
            return Ok(None);
        };
        if types::is_unit(returned) {
            return Ok(None);
        }
        let given = types::arguments(returned);
        let nothing_else = given.first().is_none_or(|ty| types::is_unit(ty));
        if types::is_named(returned, "Result") && nothing_else {
            return Ok(Some(Fallible::of(returned)));
        }
        let mut message = "what the stage gives goes through its channel, so the function returns \
                           `Result<()>` or nothing"
            .to_owned();
        let is_end = types::is_named(returned, "Receiver") || types::is_named(returned, "Sender");
        if is_end || signature.asyncness.is_none() {
            message += "; an item type of your own that is named `Receiver` or `Sender` needs \
                        another name here: `type Mail = Sender<..>`";
        }
        Err(syn::Error::new_spanned(returned, message))
    }
}

const GIVES_NOTHING: &str = "the stage returns nothing: return the item, `Option<Item>` to leave \
     some out, or take a `Receiver<Item>` to consume the stream";

fn of_value(ty: &Type, arguments: &Arguments) -> syn::Result<(Type, Form)> {
    let error = |message: &str| Err(syn::Error::new_spanned(ty, message));
    if arguments.borrows_item() {
        return match (&arguments.input, types::is_named(ty, "bool")) {
            (Some(item), true) => Ok((item.clone(), Form::Keep)),
            _ => error(&format!(
                "a function of `&Item` is a filter and returns `bool`; to make something of the \
                 item, own it: `Item` instead of `&Item`; {SHAPES}"
            )),
        };
    }
    if types::is_unit(ty) {
        return error(&format!(
            "{GIVES_NOTHING} (an alias of `Receiver` or `Sender` is not recognised)"
        ));
    }
    match ty {
        Type::ImplTrait(opaque) => match types::series(&opaque.bounds) {
            Some(series) if arguments.any_by_ref() && !series.captures => {
                Err(syn::Error::new_spanned(
                    opaque,
                    "what is returned outlives the call, so it cannot borrow its arguments: add \
                     `+ use<>`",
                ))
            }
            Some(series) => lazy(&series),
            None => not_a_series(ty),
        },
        Type::Never(_) => error(GIVES_NOTHING),
        Type::Array(array) => Ok((each(&array.elem)?, Form::Each(Box::new(ty.clone())))),
        _ => of_path(ty),
    }
}

fn of_path(ty: &Type) -> syn::Result<(Type, Form)> {
    let given = types::arguments(ty);
    let name = types::name(ty).map(ToString::to_string);
    match (name.as_deref(), &given[..]) {
        (Some("Option" | "Vec"), [item, ..]) => Ok((each(item)?, Form::Each(Box::new(ty.clone())))),
        (Some("BoxStream"), [item]) => lazy(&Series {
            item,
            over_time: true,
            captures: true,
        }),
        (Some("Box"), [Type::TraitObject(object)]) => match types::series(&object.bounds) {
            Some(series) => lazy(&series),
            None => not_a_series(ty),
        },
        (Some("Pin"), [boxed]) if types::is_named(boxed, "Box") => of_path(boxed),
        _ => {
            if types::opaque(ty).is_some() {
                return not_a_series(ty);
            }
            check_owned(ty)?;
            Ok((ty.clone(), Form::One))
        }
    }
}

fn not_a_series<T>(ty: &Type) -> syn::Result<T> {
    if let Type::ImplTrait(opaque) = ty
        && types::is_future(&opaque.bounds)
    {
        let message = "make it an `async fn` and return what the future gives";
        return Err(syn::Error::new_spanned(ty, message));
    }
    let message = format!(
        "`impl` and `dyn` stand for an iterator or a stream and name its items: \
         `impl Iterator<Item = T>`; {SHAPES}"
    );
    Err(syn::Error::new_spanned(ty, message))
}

/// The items of a container.
fn each(item: &Type) -> syn::Result<Type> {
    check_owned(item)?;
    if types::is_named(item, "Result") {
        return Err(syn::Error::new_spanned(
            item,
            "put the `Result` outside: `Result<Vec<T>>` and `Result<Option<T>>`; or return \
             `impl Iterator<Item = Result<T>>` to give items before the error",
        ));
    }
    Ok(item.clone())
}

/// The items of an iterator or stream, each of which may be an error.
fn lazy(series: &Series<'_>) -> syn::Result<(Type, Form)> {
    let over_time = series.over_time;
    let (item, may_fail) = match types::arguments(series.item).first() {
        Some(item) if types::is_named(series.item, "Result") => (*item, true),
        _ => (series.item, false),
    };
    check_owned(item)?;
    let form = Form::Lazy {
        over_time,
        may_fail,
    };
    Ok((item.clone(), form))
}
