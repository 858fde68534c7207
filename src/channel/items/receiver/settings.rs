use crate::codec::ItemLimits;

/// Settings that apply before the first item.
#[derive(Clone, Copy, Default)]
pub(in crate::channel::items) struct Settings {
    pub(in crate::channel::items) limits: ItemLimits,
    pub(in crate::channel::items) goes_on_after_bad_items: bool,
}
