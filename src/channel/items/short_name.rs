/// The name of a type without its module path, for headers and lists.
pub(crate) fn short_name<T: ?Sized>() -> String {
    let full = std::any::type_name::<T>();
    let base = full.split('<').next().unwrap_or(full);
    let start = base.rfind("::").map_or(0, |at| at + 2);
    full[start..].to_owned()
}
