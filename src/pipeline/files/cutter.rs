use crate::error::Error;

/// How a line beyond the limit is handled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LongLines {
    /// It fails the run; the error names the file and the line.
    #[default]
    Fail,
    /// It is omitted, and counted as skipped in the report of the source.
    Skip,
    /// It is truncated at the last character that fits into the limit.
    Cut,
}

/// Default limit of a line in bytes.
pub(super) const MAX_LINE: usize = 1 << 20;

/// Splits bytes into lines. It does no I/O, and holds at most one line, up to the limit.
///
/// A line ends with LF or CRLF, which are not part of it.
#[derive(Debug)]
pub(super) struct LineCutter {
    max: usize,
    long: LongLines,
    line: Vec<u8>,
    /// Whether the rest of the line is dropped.
    is_long: bool,
    /// Number of the line in its file, from 1.
    number: u64,
    skipped: u64,
}

impl LineCutter {
    pub(super) fn new(max: usize, long: LongLines) -> Self {
        Self {
            max,
            long,
            line: Vec::new(),
            is_long: false,
            number: 1,
            skipped: 0,
        }
    }

    /// Appends the lines that end within `bytes`.
    pub(super) fn push(&mut self, mut bytes: &[u8], lines: &mut Vec<String>) -> Result<(), Error> {
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            self.extend(&bytes[..end])?;
            self.give(lines)?;
            bytes = &bytes[end + 1..];
        }
        self.extend(bytes)
    }

    /// Appends the last line, if the file does not end with a line end. The next line is the first
    /// of another file.
    pub(super) fn end(&mut self, lines: &mut Vec<String>) -> Result<(), Error> {
        if !self.line.is_empty() || self.is_long {
            self.give(lines)?;
        }
        self.number = 1;
        Ok(())
    }

    /// Returns the number of skipped lines since the last call.
    pub(super) fn take_skipped(&mut self) -> u64 {
        std::mem::take(&mut self.skipped)
    }

    fn extend(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if self.is_long {
            return Ok(());
        }
        // The carriage return of a CRLF does not count.
        let content = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        if self.line.len() + content.len() <= self.max {
            self.line.extend_from_slice(bytes);
            return Ok(());
        }
        self.is_long = true;
        match self.long {
            LongLines::Fail => {
                return Err(Error::msg(format_args!(
                    "line {} is longer than {} bytes; raise the limit with `max_line`, or set \
                     `long_lines`",
                    self.number, self.max
                )));
            }
            LongLines::Skip => self.line.clear(),
            LongLines::Cut => {
                let room = self.max.saturating_sub(self.line.len());
                self.line.extend_from_slice(&bytes[..room]);
                // It may hold a carriage return that turned out to be content.
                self.line.truncate(self.max);
            }
        }
        Ok(())
    }

    fn give(&mut self, lines: &mut Vec<String>) -> Result<(), Error> {
        let mut line = std::mem::take(&mut self.line);
        let is_long = std::mem::take(&mut self.is_long);
        let number = self.number;
        self.number += 1;
        if is_long && self.long == LongLines::Skip {
            self.skipped += 1;
            return Ok(());
        }
        if is_long {
            // An incomplete character is omitted; other invalid bytes cause an error below.
            if let Err(error) = std::str::from_utf8(&line)
                && error.error_len().is_none()
            {
                line.truncate(error.valid_up_to());
            }
        } else if line.last() == Some(&b'\r') {
            line.pop();
        }
        let line = String::from_utf8(line)
            .map_err(|error| Error::msg(format_args!("line {number} is not UTF-8: {error}")))?;
        lines.push(line);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{LineCutter, LongLines};

    fn cut(max: usize, long: LongLines, pieces: &[&[u8]]) -> (Vec<String>, u64, Option<String>) {
        let mut cutter = LineCutter::new(max, long);
        let mut lines = Vec::new();
        let mut all = || {
            for piece in pieces {
                cutter.push(piece, &mut lines)?;
            }
            cutter.end(&mut lines)
        };
        let error = all().err().map(|error| error.to_string());
        (lines, cutter.take_skipped(), error)
    }

    #[test]
    fn lines_do_not_depend_on_the_pieces() {
        let text = "one\r\n\ntwo \u{e9}\nlast".as_bytes();
        for size in 1..=text.len() {
            let pieces: Vec<_> = text.chunks(size).collect();
            let (lines, skipped, error) = cut(6, LongLines::Fail, &pieces);
            assert_eq!(lines, ["one", "", "two \u{e9}", "last"], "{size}");
            assert_eq!((skipped, error), (0, None));
        }
        assert_eq!(cut(6, LongLines::Fail, &[]).0, [""; 0]);
        assert_eq!(cut(6, LongLines::Fail, &[b"\n"]).0, [""]);
    }

    #[test]
    fn policy_decides_about_lines_over_the_limit() {
        let text = "abcd\nabcde\nab\u{e9}x\nabc\u{e9}\nz".as_bytes();
        for size in 1..=text.len() {
            let pieces: Vec<_> = text.chunks(size).collect();
            let (lines, skipped, _) = cut(4, LongLines::Skip, &pieces);
            assert_eq!(
                (&lines[..], skipped),
                (&["abcd", "z"].map(String::from)[..], 3)
            );
            let (lines, skipped, _) = cut(4, LongLines::Cut, &pieces);
            assert_eq!(lines, ["abcd", "abcd", "ab\u{e9}", "abc", "z"]);
            assert_eq!(skipped, 0);
            let (lines, _, error) = cut(4, LongLines::Fail, &pieces);
            assert_eq!(lines, ["abcd"]);
            assert!(error.is_some_and(|error| error.starts_with("line 2 is longer than 4 bytes")));
        }
    }

    #[test]
    fn long_line_with_carriage_return_is_cut_in_every_chunk() {
        let text = b"abcd\rx\n";
        for size in 1..=text.len() {
            let pieces: Vec<_> = text.chunks(size).collect();
            assert_eq!(cut(4, LongLines::Cut, &pieces).0, ["abcd"], "{size}");
        }
    }

    #[test]
    fn invalid_utf8_is_an_error_with_its_line() {
        let (lines, _, error) = cut(9, LongLines::Cut, &[b"a\n\xff\n"]);
        assert_eq!(lines, ["a"]);
        assert!(error.is_some_and(|error| error.starts_with("line 2 is not UTF-8")));
    }
}
