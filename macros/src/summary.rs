//! Extracts the first paragraph of a function's documentation.

use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// The first paragraph on one line. `None` if there is none, or if it is not a literal.
pub(crate) fn summary(attributes: &[Attribute]) -> Option<String> {
    let lines = attributes
        .iter()
        .filter_map(|attribute| match &attribute.meta {
            Meta::NameValue(meta) if meta.path.is_ident("doc") => match &meta.value {
                Expr::Lit(ExprLit {
                    lit: Lit::Str(text),
                    ..
                }) => Some(text.value()),
                _ => None,
            },
            _ => None,
        });
    let text = lines.collect::<Vec<_>>().join("\n");
    let paragraph = text.trim_start().lines().map(str::trim);
    let words: Vec<_> = paragraph.take_while(|line| !line.is_empty()).collect();
    let summary = words.join(" ");
    (!summary.is_empty()).then_some(summary)
}

#[cfg(test)]
mod tests {
    use syn::{ItemFn, parse_quote};

    use super::summary;

    #[test]
    fn the_first_paragraph_on_one_line() {
        let function: ItemFn = parse_quote! {
            /// Keeps lines that
            /// name an error.
            ///
            /// And more.
            #[inline]
            fn errors() {}
        };
        let expected = "Keeps lines that name an error.";
        assert_eq!(summary(&function.attrs).as_deref(), Some(expected));
        let function: ItemFn = parse_quote! {
            #[doc = include_str!("elsewhere.md")]
            fn errors() {}
        };
        assert_eq!(summary(&function.attrs), None);
    }
}
