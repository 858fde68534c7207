use std::io;

use bytes::{Buf, Bytes, BytesMut};

use super::item::check;
use super::{invalid, too_large};

/// Splits JSON of any layout into values. The elements of top-level arrays are separate values.
pub(super) struct JsonValues {
    limit: usize,
    place: Place,
    /// The bytes of the current value, without white space outside of strings.
    value: Vec<u8>,
    /// Number of open objects and arrays in the value.
    depth: usize,
    text: Text,
    /// Number of line ends read.
    lines: u64,
    /// Number of line ends before the current value.
    begun: u64,
}

/// The position of the next value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    /// Outside of any array.
    #[default]
    Top,
    /// After the opening bracket of an array.
    First,
    /// After a comma.
    Next,
    /// After an element.
    Element,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Text {
    #[default]
    Outside,
    Inside,
    /// After a backslash.
    Escape,
}

impl JsonValues {
    /// For values of at most `limit` bytes.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            place: Place::default(),
            value: Vec::new(),
            depth: 0,
            text: Text::default(),
            lines: 0,
            begun: 0,
        }
    }

    /// The next value, if `input` contains all of it.
    pub(super) fn decode(&mut self, input: &mut BytesMut) -> io::Result<Option<Bytes>> {
        for at in 0..input.len() {
            let byte = input[at];
            let has_begun = !self.value.is_empty();
            if self.text == Text::Outside && self.depth == 0 && has_begun && ends_scalar(byte) {
                input.advance(at);
                return self.finished().map(Some);
            }
            self.lines += u64::from(byte == b'\n');
            if self.take(byte)? {
                input.advance(at + 1);
                return self.finished().map(Some);
            }
        }
        input.clear();
        Ok(None)
    }

    /// The last value, at the end of the input.
    pub(super) fn decode_eof(&mut self, input: &mut BytesMut) -> io::Result<Option<Bytes>> {
        if let Some(value) = self.decode(input)? {
            return Ok(Some(value));
        }
        if !self.value.is_empty() {
            return self.finished().map(Some);
        }
        match self.place {
            Place::Top => Ok(None),
            _ => Err(self.wrong("the array has no end")),
        }
    }

    /// Processes a byte. Returns `true` if it completes a value.
    fn take(&mut self, byte: u8) -> io::Result<bool> {
        match (self.text, byte) {
            (Text::Inside, b'\\') => self.text = Text::Escape,
            (Text::Inside, b'"') => {
                self.text = Text::Outside;
                self.push(byte)?;
                return Ok(self.depth == 0);
            }
            (Text::Outside, b' ' | b'\t' | b'\r' | b'\n') => return Ok(false),
            (Text::Outside, _) if self.value.is_empty() => return self.begin(byte),
            (Text::Outside, b'"') | (Text::Escape, _) => self.text = Text::Inside,
            (Text::Outside, b'{' | b'[') => self.depth += 1,
            (Text::Outside, b'}' | b']') => {
                self.depth = self.depth.saturating_sub(1);
                self.push(byte)?;
                return Ok(self.depth == 0);
            }
            (Text::Inside | Text::Outside, _) => {}
        }
        self.push(byte)?;
        Ok(false)
    }

    fn push(&mut self, byte: u8) -> io::Result<()> {
        if self.value.len() >= self.limit {
            let place = format!("the JSON value at line {}", self.begun + 1);
            return Err(too_large(&place, self.limit));
        }
        self.value.push(byte);
        Ok(())
    }

    /// Processes a byte outside of a value: it starts a value, or separates two.
    fn begin(&mut self, byte: u8) -> io::Result<bool> {
        match (self.place, byte) {
            (Place::Top, b'[') => self.place = Place::First,
            (Place::First | Place::Element, b']') => self.place = Place::Top,
            (Place::Element, b',') => self.place = Place::Next,
            (Place::Element, _) => return Err(self.wrong("a comma is missing")),
            (Place::First | Place::Next | Place::Top, b',' | b']' | b'}') => {
                return Err(self.wrong("a value is missing"));
            }
            _ => {
                self.begun = self.lines;
                self.push(byte)?;
                match byte {
                    b'"' => self.text = Text::Inside,
                    b'{' | b'[' => self.depth = 1,
                    _ => {}
                }
            }
        }
        Ok(false)
    }

    fn finished(&mut self) -> io::Result<Bytes> {
        (self.depth, self.text) = (0, Text::Outside);
        if self.place != Place::Top {
            self.place = Place::Element;
        }
        let value = std::mem::take(&mut self.value);
        check(&value).map_err(|error| self.wrong(&error.to_string()))?;
        Ok(value.into())
    }

    fn wrong(&self, reason: &str) -> io::Error {
        let line = self.lines + 1;
        invalid(format!(
            "the input is not JSON, at line {line}: {reason}; `--from lines` reads text"
        ))
    }
}

/// Whether a byte ends a number, `true`, `false` or `null`.
fn ends_scalar(byte: u8) -> bool {
    matches!(
        byte,
        b' ' | b'\t' | b'\r' | b'\n' | b',' | b']' | b'}' | b'[' | b'{' | b'"'
    )
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;

    use super::JsonValues;

    fn values(text: &str) -> Result<Vec<String>, String> {
        let (mut values, mut input, mut found) =
            (JsonValues::new(1000), BytesMut::new(), Vec::new());
        let text_of = |value: &[u8]| String::from_utf8(value.to_vec()).unwrap();
        for byte in text.bytes() {
            input.extend_from_slice(&[byte]);
            while let Some(value) = values
                .decode(&mut input)
                .map_err(|error| error.to_string())?
            {
                found.push(text_of(&value));
            }
        }
        while let Some(value) = values
            .decode_eof(&mut input)
            .map_err(|error| error.to_string())?
        {
            found.push(text_of(&value));
        }
        Ok(found)
    }

    #[test]
    fn values_and_elements_are_items() {
        for (text, expected) in [
            ("", vec![]),
            ("1 2\n\"a b\"null", vec!["1", "2", "\"a b\"", "null"]),
            (
                "{\n \"a\": [1, {}],\n \"b\": \"]} \\\"\"\n}",
                vec!["{\"a\":[1,{}],\"b\":\"]} \\\"\"}"],
            ),
            ("[]", vec![]),
            ("[1, [2, 3], \"x\"]\n4", vec!["1", "[2,3]", "\"x\"", "4"]),
        ] {
            assert_eq!(values(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn mistakes_are_errors_with_their_line() {
        for text in [
            "\n[1,]",
            "\n[1 2]",
            "\n]",
            "\nabc ",
            "\n[1",
            "\n{\"a\": }",
            "\n\"x",
        ] {
            let error = values(text).unwrap_err();
            assert!(error.contains("line 2"), "{text}: {error}");
        }
    }
}
