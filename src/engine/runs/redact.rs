use crate::engine::truncate::truncate;

/// Maximum length of an error text, in bytes.
const LONGEST: usize = 2000;

/// A sequence of this many hexadecimal digits is assumed to be secret: an access key has 64.
const SECRET: usize = 33;

/// Makes text from other programs safe to display: removes access keys and limits the length.
pub(super) fn redact(text: &str) -> String {
    let mut shown = String::with_capacity(text.len().min(LONGEST));
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_hexdigit).count();
        if digits >= SECRET {
            shown.push_str("***");
            rest = &rest[digits..];
            continue;
        }
        let after = rest[digits..]
            .find(|character: char| character.is_ascii_hexdigit())
            .map_or(rest.len(), |at| digits + at);
        shown.push_str(&rest[..after]);
        rest = &rest[after..];
    }
    truncate(&shown, LONGEST)
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, redact};

    #[test]
    fn a_key_is_left_out_and_ids_are_not() {
        let key = "0123456789abcdef".repeat(4);
        let id = "3e9eb9e4-620b-4a89-afdb-267925d779ff";
        let told = redact(&format!("ws://h/ws/channels/{id}?key={key}&dir=read"));
        assert_eq!(told, format!("ws://h/ws/channels/{id}?key=***&dir=read"));
        assert_eq!(redact(&key), "***");
        assert_eq!(
            redact("a bad café, née deadbeef"),
            "a bad café, née deadbeef"
        );
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        assert_eq!(redact(trace), trace);
    }

    #[test]
    fn a_long_text_is_cut() {
        assert_eq!(
            redact(&"x".repeat(LONGEST + 1)).chars().count(),
            LONGEST + 1
        );
        assert_eq!(
            redact(&"x".repeat(LONGEST + 9)).chars().count(),
            LONGEST + 1
        );
    }
}
