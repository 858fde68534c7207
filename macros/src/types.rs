//! Predicates on types as written.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::punctuated::Punctuated;
use syn::{GenericArgument, Ident, PathArguments, Token, Type, TypeParamBound};

/// The type inside parentheses and invisible macro groups.
pub(crate) fn peel(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => peel(&group.elem),
        Type::Paren(paren) => peel(&paren.elem),
        other => other,
    }
}

/// The last segment of a path: `Vec` in `std::vec::Vec<u8>`.
pub(crate) fn name(ty: &Type) -> Option<&Ident> {
    match peel(ty) {
        Type::Path(path) => path.path.segments.last().map(|segment| &segment.ident),
        _ => None,
    }
}

pub(crate) fn is_named(ty: &Type, expected: &str) -> bool {
    name(ty).is_some_and(|name| name == expected)
}

/// The type arguments of the last path segment.
pub(crate) fn arguments(ty: &Type) -> Vec<&Type> {
    let Type::Path(path) = peel(ty) else {
        return Vec::new();
    };
    match path.path.segments.last().map(|segment| &segment.arguments) {
        Some(PathArguments::AngleBracketed(arguments)) => arguments
            .args
            .iter()
            .filter_map(|argument| match argument {
                GenericArgument::Type(ty) => Some(ty),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// Whether the last path segment has angle brackets.
pub(crate) fn has_arguments(ty: &Type) -> bool {
    let Type::Path(path) = peel(ty) else {
        return false;
    };
    let last = path.path.segments.last();
    last.is_some_and(|segment| !segment.arguments.is_none())
}

pub(crate) fn is_unit(ty: &Type) -> bool {
    matches!(peel(ty), Type::Tuple(tuple) if tuple.elems.is_empty())
}

/// The `T` of a trait bound such as `Iterator<Item = T>`.
pub(crate) struct Series<'a> {
    pub(crate) item: &'a Type,
    /// Whether it is a `Stream` and not an iterator.
    pub(crate) over_time: bool,
    /// Whether `use<..>` lists the captured lifetimes.
    pub(crate) captures: bool,
}

/// The series that `bounds` describe, if one of them is an iterator or a stream.
pub(crate) fn series(bounds: &Punctuated<TypeParamBound, Token![+]>) -> Option<Series<'_>> {
    let captures = bounds
        .iter()
        .any(|bound| matches!(bound, TypeParamBound::PreciseCapture(_)));
    bounds.iter().find_map(|bound| {
        let TypeParamBound::Trait(bound) = bound else {
            return None;
        };
        let last = bound.path.segments.last()?;
        let over_time = last.ident == "Stream";
        if !over_time && !last.ident.to_string().ends_with("Iterator") {
            return None;
        }
        let PathArguments::AngleBracketed(arguments) = &last.arguments else {
            return None;
        };
        arguments.args.iter().find_map(|argument| match argument {
            GenericArgument::AssocType(assoc) if assoc.ident == "Item" => Some(Series {
                item: &assoc.ty,
                over_time,
                captures,
            }),
            _ => None,
        })
    })
}

pub(crate) fn is_future(bounds: &Punctuated<TypeParamBound, Token![+]>) -> bool {
    bounds.iter().any(|bound| match bound {
        TypeParamBound::Trait(bound) => bound
            .path
            .segments
            .last()
            .is_some_and(|segment| segment.ident == "Future"),
        _ => false,
    })
}

/// The first token that borrows: `&` or a lifetime other than `'static`.
///
/// Function types do not borrow, but they cannot be items either.
pub(crate) fn borrowed(ty: &Type) -> Option<TokenTree> {
    find(ty.to_token_stream(), &|token, next| match token {
        TokenTree::Punct(punct) if punct.as_char() == '&' => true,
        TokenTree::Punct(punct) if punct.as_char() == '\'' => {
            !matches!(next, Some(TokenTree::Ident(name)) if name == "static")
        }
        _ => false,
    })
}

/// The first `impl` in a type.
pub(crate) fn opaque(ty: &Type) -> Option<TokenTree> {
    find(
        ty.to_token_stream(),
        &|token, _| matches!(token, TokenTree::Ident(name) if name == "impl"),
    )
}

type Test<'a> = &'a dyn Fn(&TokenTree, Option<&TokenTree>) -> bool;

/// The first token that passes `test`, which also receives the following token.
fn find(tokens: TokenStream, test: Test<'_>) -> Option<TokenTree> {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        if test(&token, tokens.peek()) {
            return Some(token);
        }
        if let TokenTree::Group(group) = &token
            && let Some(found) = find(group.stream(), test)
        {
            return Some(found);
        }
    }
    None
}
