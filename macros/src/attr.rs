//! The settings in parentheses: `#[pipeline_stage(id = "..", concurrency = 8, ordered)]`.

use proc_macro2::TokenStream;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Expr, Ident, Lit, LitStr, Path, Token, Type};

use crate::errors::Errors;

/// The supported names, in the order in which errors list them.
const NAMES: [&str; 11] = [
    "id",
    "input",
    "output",
    "concurrency",
    "ordered",
    "unordered",
    "blocking",
    "batch",
    "within",
    "finish",
    "crate",
];

/// The settings of a stage. Each is stored with its name, so that errors can point to it.
#[derive(Default)]
pub(crate) struct Attrs {
    pub(crate) id: Option<LitStr>,
    pub(crate) input: Option<(Ident, Type)>,
    pub(crate) output: Option<(Ident, Type)>,
    pub(crate) concurrency: Option<(Ident, Expr)>,
    pub(crate) ordered: Option<Ident>,
    pub(crate) unordered: Option<Ident>,
    pub(crate) blocking: Option<Ident>,
    pub(crate) batch: Option<(Ident, Expr)>,
    pub(crate) within: Option<(Ident, Expr)>,
    pub(crate) finish: Option<(Ident, Expr)>,
    pub(crate) krate: Option<Path>,
}

impl Attrs {
    /// Parses the settings and skips invalid ones.
    pub(crate) fn parse(tokens: TokenStream, errors: &mut Errors) -> Self {
        let mut attrs = Self::default();
        let parser = |input: ParseStream<'_>| {
            while !input.is_empty() {
                if let Err(error) = attrs.setting(input) {
                    errors.push(error);
                    skip_setting(input);
                }
                if !input.is_empty() {
                    input.parse::<Token![,]>()?;
                }
            }
            Ok(())
        };
        if let Err(error) = parser.parse2(tokens) {
            errors.push(error);
        }
        if let (Some(_), Some(unordered)) = (&attrs.ordered, &attrs.unordered) {
            errors.at(unordered, "`ordered` and `unordered` contradict each other");
        }
        attrs
    }

    fn setting(&mut self, input: ParseStream<'_>) -> syn::Result<()> {
        if !input.peek(Ident::peek_any) {
            return Err(input.error(format_args!("expected a name: {}", names())));
        }
        let name = input.call(Ident::parse_any)?;
        match name.to_string().as_str() {
            "id" => {
                let id: LitStr = value(&name, "\"text::lower\"", input)?;
                check_id(&id)?;
                put(&mut self.id, &name, id)
            }
            "input" => {
                let format: Type = value(&name, "Bincode", input)?;
                put(&mut self.input, &name, (name.clone(), format))
            }
            "output" => {
                let format: Type = value(&name, "Bincode", input)?;
                put(&mut self.output, &name, (name.clone(), format))
            }
            "concurrency" => {
                let number: Expr = value(&name, "8", input)?;
                check_positive(
                    &number,
                    "`concurrency` is the number of items that are handled at once, at least 1",
                )?;
                put(&mut self.concurrency, &name, (name.clone(), number))
            }
            "ordered" => flag(&mut self.ordered, &name, input),
            "unordered" => flag(&mut self.unordered, &name, input),
            "blocking" => flag(&mut self.blocking, &name, input),
            "batch" => {
                let size: Expr = value(&name, "500", input)?;
                check_positive(
                    &size,
                    "`batch` is the number of items of a batch, at least 1",
                )?;
                put(&mut self.batch, &name, (name.clone(), size))
            }
            "within" => {
                let written: Expr = value(&name, "\"50ms\"", input)?;
                let within = duration(&written)?;
                put(&mut self.within, &name, (name.clone(), within))
            }
            "finish" => {
                let function: Expr = value(&name, "flush", input)?;
                put(&mut self.finish, &name, (name.clone(), function))
            }
            "crate" => {
                let path: LitStr = value(&name, "\"my::pipewright\"", input)?;
                put(
                    &mut self.krate,
                    &name,
                    path.parse_with(Path::parse_mod_style)?,
                )
            }
            unknown => Err(syn::Error::new(name.span(), did_you_mean(unknown))),
        }
    }

    /// The start of every path in the generated code.
    pub(crate) fn krate(&self) -> Path {
        let absolute = || syn::parse_quote!(::pipewright);
        self.krate.clone().unwrap_or_else(absolute)
    }
}

/// The value after `name =`.
fn value<T: Parse>(name: &Ident, example: &str, input: ParseStream<'_>) -> syn::Result<T> {
    if !input.peek(Token![=]) {
        let message = format!("`{name}` takes a value: `{name} = {example}`");
        return Err(syn::Error::new(name.span(), message));
    }
    input.parse::<Token![=]>()?;
    let at = input.span();
    input
        .parse()
        .map_err(|error| syn::Error::new(at, format_args!("{error}; write `{name} = {example}`")))
}

fn flag(place: &mut Option<Ident>, name: &Ident, input: ParseStream<'_>) -> syn::Result<()> {
    if input.peek(Token![=]) {
        let message = format!("`{name}` takes no value");
        return Err(syn::Error::new(name.span(), message));
    }
    put(place, name, name.clone())
}

fn put<T>(place: &mut Option<T>, name: &Ident, value: T) -> syn::Result<()> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(syn::Error::new(
            name.span(),
            format_args!("`{name}` is given twice"),
        )),
    }
}

/// Skips to the comma after an invalid setting.
fn skip_setting(input: ParseStream<'_>) {
    while !input.is_empty() && !input.peek(Token![,]) {
        // An error was reported for the skipped tokens; reading a token tree cannot fail here.
        let _ = input.parse::<proc_macro2::TokenTree>();
    }
}

/// Reports an id that every worker would reject.
fn check_id(id: &LitStr) -> syn::Result<()> {
    let value = id.value();
    let problem = if value.is_empty() {
        "the id is empty".to_owned()
    } else if value.contains(|c: char| c.is_whitespace() || c.is_control()) {
        format!("the id {value:?} contains white space")
    } else if value.starts_with("engine::") {
        format!("the id `{value}` is reserved: ids that begin with `engine::` belong to the engine")
    } else {
        return Ok(());
    };
    let message = format!("{problem}; write something like `id = \"text::lower\"`");
    Err(syn::Error::new(id.span(), message))
}

fn check_positive(number: &Expr, message: &str) -> syn::Result<()> {
    let Expr::Lit(literal) = number else {
        return Ok(());
    };
    match &literal.lit {
        Lit::Int(number) if number.base10_parse::<usize>()? > 0 => Ok(()),
        other => Err(syn::Error::new(other.span(), message)),
    }
}

/// The duration in a string such as "50ms", as a number of nanoseconds. Other expressions are kept:
/// they are `Duration`s.
fn duration(written: &Expr) -> syn::Result<Expr> {
    let Expr::Lit(literal) = written else {
        return Ok(written.clone());
    };
    let nanos = match &literal.lit {
        Lit::Str(text) => nanos(&text.value()),
        _ => None,
    };
    let nanos = nanos.ok_or_else(|| {
        let message = "`within` is a time such as \"50ms\", \"2s\" or \"1m\", or a `Duration`";
        syn::Error::new(literal.lit.span(), message)
    })?;
    Ok(syn::parse_quote!(::core::time::Duration::from_nanos(#nanos)))
}

fn nanos(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let unit = match unit.trim() {
        "us" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" | "min" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(unit)
}

fn names() -> String {
    let quoted: Vec<String> = NAMES.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

fn did_you_mean(unknown: &str) -> String {
    let nearest = NAMES
        .iter()
        .map(|name| (strsim::levenshtein(unknown, name), *name))
        .min()
        .filter(|(distance, name)| *distance <= name.len().div_ceil(3));
    match nearest {
        Some((_, name)) => {
            format!("`#[pipeline_stage]` has no setting `{unknown}`; did you mean `{name}`?")
        }
        None => format!(
            "`#[pipeline_stage]` has no setting `{unknown}`; it has {}",
            names()
        ),
    }
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::Attrs;
    use crate::errors::Errors;

    fn errors(tokens: proc_macro2::TokenStream) -> Vec<String> {
        let mut errors = Errors::default();
        Attrs::parse(tokens, &mut errors);
        errors
            .into_tokens()
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn every_setting_is_read() {
        let mut errors = Errors::default();
        let attrs = Attrs::parse(
            quote!(
                id = "a::b",
                input = Bincode,
                output = my::Format<u8>,
                concurrency = 2 * 4,
                unordered,
                blocking,
                crate = "other::name",
            ),
            &mut errors,
        );
        assert!(errors.is_empty());
        assert_eq!(attrs.id.as_ref().unwrap().value(), "a::b");
        assert!(attrs.input.is_some() && attrs.output.is_some() && attrs.concurrency.is_some());
        assert!(attrs.unordered.is_some() && attrs.blocking.is_some() && attrs.ordered.is_none());
        let krate = attrs.krate();
        assert_eq!(quote!(#krate).to_string(), "other :: name");
    }

    #[test]
    fn every_mistake_is_told_once_and_the_rest_is_read() {
        let errors = errors(quote!(
            idd = "x",
            ordered = 3,
            id = "",
            id = "a b",
            concurrency = 0,
            id
        ));
        assert_eq!(errors.len(), 6, "{errors:#?}");
        assert!(errors[0].contains("did you mean `id`"));
        assert!(errors[1].contains("takes no value"));
        assert!(errors[2].contains("is empty"));
        assert!(errors[3].contains("white space"));
        assert!(errors[4].contains("at least 1"));
        assert!(errors[5].contains("takes a value"));
    }

    #[test]
    fn what_is_like_nothing_gets_the_list() {
        assert!(errors(quote!(banana))[0].contains("it has `id`"));
        assert!(errors(quote!(= 3))[0].contains("expected a name"));
        assert!(errors(quote!(ordered, ordered))[0].contains("twice"));
    }

    #[test]
    fn times_are_read_by_their_units() {
        assert_eq!(super::nanos("50ms"), Some(50_000_000));
        assert_eq!(super::nanos("2 s"), Some(2_000_000_000));
        assert_eq!(super::nanos("0us"), Some(0));
        for wrong in ["", "5", "ms", "-1s", "1.5s", "1d", "99999999999999999999s"] {
            assert_eq!(super::nanos(wrong), None, "{wrong}");
        }
    }
}
