//! Reports contradictions and settings without effect.

use quote::ToTokens;
use syn::{FnArg, ItemFn, Safety};

use crate::arguments::Arguments;
use crate::ast::{Kind, Stage};
use crate::attr::Attrs;
use crate::errors::Errors;
use crate::returns::{Form, Returns};
use crate::types;

/// Whether the signature can be a stage. Reports the first reason why it cannot.
pub(crate) fn signature(function: &ItemFn, errors: &mut Errors) -> bool {
    match refuse(function) {
        Ok(()) => true,
        Err(error) => {
            errors.push(error);
            false
        }
    }
}

fn refuse(function: &ItemFn) -> syn::Result<()> {
    let signature = &function.sig;
    let no = |token: &dyn ToTokens, message: &str| {
        Err(syn::Error::new_spanned(token.to_token_stream(), message))
    };
    if let Safety::Unsafe(token) = &signature.safety {
        return no(
            token,
            "a stage is called by pipewright, which cannot keep the promises of an `unsafe` function; wrap it in a safe one",
        );
    }
    if let Some(token) = &signature.constness {
        return no(
            token,
            "a stage is not `const`; call the `const` function from a plain one",
        );
    }
    if let Some(abi) = &signature.abi {
        return no(
            abi,
            "a stage is a plain Rust function, without `extern`; wrap the foreign function in one",
        );
    }
    if let Some(variadic) = &signature.variadic {
        return no(variadic, "a stage has a fixed number of arguments");
    }
    if !signature.generics.params.is_empty() {
        return no(
            &signature.generics,
            "a stage has one id and one type of items, so it is not generic; write a generic \
             function, and a stage for each type that calls it",
        );
    }
    if let Some(clause) = &signature.generics.where_clause {
        return no(
            clause,
            "a stage is not generic, so it has no `where` clause",
        );
    }
    for argument in &signature.inputs {
        let FnArg::Typed(argument) = argument else {
            continue;
        };
        if let Some(token) = types::opaque(&argument.ty) {
            return no(
                &token,
                "a stage is not generic, and `impl Trait` as an argument is; write the type",
            );
        }
    }
    Ok(())
}

/// Checks the settings against the function.
pub(crate) fn settings(function: &ItemFn, attrs: &Attrs, stage: &Stage, errors: &mut Errors) {
    match &stage.kind {
        Kind::Items { returns, .. } => {
            of_items(function, attrs, &stage.arguments, &returns.form, errors);
        }
        Kind::Batches { returns, .. } => {
            of_batches(attrs, &stage.arguments, returns.as_ref(), errors);
        }
        _ => of_ends(function, attrs, stage, errors),
    }
    let in_batches = matches!(stage.kind, Kind::Batches { .. });
    if let (Some((within, _)), false) = (&attrs.within, in_batches) {
        errors.at(
            within,
            "`within` limits how long a batch waits for items; add `batch = 500`",
        );
    }
}

/// Checks the code for the end of the input.
fn finish(attrs: &Attrs, arguments: &Arguments, errors: &mut Errors) {
    if let (Some((finish, _)), None) = (&attrs.finish, &arguments.state) {
        errors.at(
            finish,
            "`finish` names a function of the state, and there is none; take `state: &mut State`",
        );
    }
}

fn of_batches(
    attrs: &Attrs,
    arguments: &Arguments,
    returns: Option<&Returns>,
    errors: &mut Errors,
) {
    finish(attrs, arguments, errors);
    if let (Some((batch, _)), None) = (&attrs.batch, &attrs.within) {
        errors.at(
            batch,
            "a batch that is not full waits for items for some time: add `within = \"50ms\"`",
        );
    }
    if let (Some((finish, _)), None) = (&attrs.finish, returns) {
        errors.at(
            finish,
            "a function without outputs gives none at the end; return `Result<Vec<Item>>`",
        );
    }
    if let (Some((output, _)), None) = (&attrs.output, returns) {
        errors.at(
            output,
            "`output`: a function without outputs has no format for them",
        );
    }
    let one = "has no effect on a function of batches, which handles one batch at a time";
    for (name, reason) in [
        (attrs.concurrency.as_ref().map(|(name, _)| name), one),
        (attrs.ordered.as_ref(), one),
        (attrs.unordered.as_ref(), one),
        (
            attrs.blocking.as_ref(),
            "is for functions of items; call `tokio::task::spawn_blocking` in an `async` function",
        ),
    ] {
        if let Some(name) = name {
            errors.at(name, format_args!("`{name}`: {reason}"));
        }
    }
}

fn of_items(
    function: &ItemFn,
    attrs: &Attrs,
    arguments: &Arguments,
    form: &Form,
    errors: &mut Errors,
) {
    finish(attrs, arguments, errors);
    let is_async = function.sig.asyncness.is_some();
    if let Some(blocking) = &attrs.blocking {
        if is_async {
            errors.at(
                blocking,
                "`blocking` runs a function on a thread kept for blocking calls, and an `async` \
                 function does not block: take one of them away",
            );
        } else if let Form::Lazy {
            over_time: true, ..
        } = form
        {
            errors.at(
                blocking,
                "`blocking` cannot run a stream, which is polled; return an iterator or a `Vec`",
            );
        }
    }
    let Some((concurrency, _)) = &attrs.concurrency else {
        if let (Some(unordered), None) = (&attrs.unordered, &attrs.ordered) {
            errors.at(
                unordered,
                "`unordered` has no effect on one item at a time; add `concurrency = 8`",
            );
        }
        return;
    };
    if let Some(state) = &arguments.state {
        errors.at(
            state,
            "state passes from item to item, so a stage with `concurrency` has none; take one of \
             them away",
        );
    } else if !is_async && attrs.blocking.is_none() {
        errors.at(
            concurrency,
            "a function that is not `async` handles one item at a time; add `blocking` to run it \
             on several threads",
        );
    }
}

/// Rejects settings on a function on channel ends, because it already controls everything that they
/// would configure.
fn of_ends(function: &ItemFn, attrs: &Attrs, stage: &Stage, errors: &mut Errors) {
    if function.sig.asyncness.is_none() {
        errors.at(
            function.sig.fn_token,
            "a function of the ends of a channel waits for them: make it `async fn`",
        );
    }
    let formats = if matches!(stage.kind, Kind::Bytes) {
        "bytes have no format; a stage of items takes `Receiver` and `Sender`"
    } else {
        "the format is a part of the type: `Receiver<Item, Format>`, `Sender<Item, Format>`"
    };
    let once = "has no effect on a function that runs once for the whole stream";
    for (name, reason) in [
        (attrs.input.as_ref().map(|(name, _)| name), formats),
        (
            attrs
                .output
                .as_ref()
                .map(|(name, _)| name)
                .filter(|_| !matches!(stage.kind, Kind::Value { .. })),
            formats,
        ),
        (attrs.concurrency.as_ref().map(|(name, _)| name), once),
        (
            // A stage declares by it that outputs follow the order of their items.
            attrs
                .ordered
                .as_ref()
                .filter(|_| !matches!(stage.kind, Kind::Streams { .. })),
            once,
        ),
        (attrs.unordered.as_ref(), once),
        (attrs.batch.as_ref().map(|(name, _)| name), once),
        (attrs.finish.as_ref().map(|(name, _)| name), once),
        (
            attrs.blocking.as_ref(),
            "has no effect on a function of the ends of a channel; call \
             `tokio::task::spawn_blocking` where it blocks",
        ),
    ] {
        if let Some(name) = name {
            errors.at(name, format_args!("`{name}`: {reason}"));
        }
    }
}
