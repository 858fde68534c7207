use crate::wire::{Abort, InBand, Text};

/// Maximum length of an abort message, which every engine and SDK accepts (`docs/protocol.md`
/// section 1.5).
const MAX_ABORT: usize = 1 << 20;

/// The number of bytes of each text and the number of causes (first cause first) kept in a
/// shortened abort.
const KEPT_TEXT: usize = 16 << 10;
const KEPT_CAUSES: usize = 16;

/// The abort message, with its strings truncated if some peer could not accept it.
pub(super) fn short_abort(abort: &Abort) -> Text {
    let whole = InBand::Abort(abort.clone()).encode();
    if whole.len() <= MAX_ABORT {
        return whole;
    }
    let mut short = cut_texts(abort);
    short.causes = abort
        .causes
        .iter()
        .take(KEPT_CAUSES)
        .map(cut_texts)
        .collect();
    InBand::Abort(short).encode()
}

/// The abort without its causes.
fn cut_texts(abort: &Abort) -> Abort {
    let mut short = Abort::new(cut(&abort.code), cut(&abort.message));
    short.stage = abort.stage.as_deref().map(cut);
    short.item = abort.item;
    short
}

fn cut(text: &str) -> String {
    if text.len() <= KEPT_TEXT {
        return text.to_owned();
    }
    let mut end = KEPT_TEXT;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}.. (cut, {} bytes)", &text[..end], text.len())
}

#[cfg(test)]
mod tests {
    use super::{KEPT_CAUSES, MAX_ABORT, short_abort};
    use crate::wire::{Abort, InBand};

    fn read_back(abort: &Abort) -> Abort {
        let text = short_abort(abort);
        assert!(text.len() <= MAX_ABORT, "{}", text.len());
        match InBand::parse(&text) {
            Some(Ok(InBand::Abort(abort))) => abort,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_short_abort_is_sent_as_it_is() {
        let abort = Abort::new("c", "m")
            .at_stage("s")
            .at_item(7)
            .passed_on_by("t");
        assert_eq!(read_back(&abort), abort);
    }

    #[test]
    fn a_long_abort_keeps_its_codes_and_its_first_cause() {
        let mut abort = Abort::new("first", "\u{1F600}".repeat(1 << 20)).at_item(7);
        for stage in 0..100 {
            abort = abort.passed_on_by(format!("{stage} {}", "x".repeat(1 << 16)));
        }
        let short = read_back(&abort);
        assert_eq!(short.causes.len(), KEPT_CAUSES);
        assert_eq!(short.code, Abort::INPUT_FAILED);
        let first = short.first_cause();
        assert_eq!((first.code.as_str(), first.item), ("first", Some(7)));
        assert!(first.message.contains("(cut, 4194304 bytes)"));
    }
}
