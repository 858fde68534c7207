use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Abort, End, Header, VERSION};
use crate::wire::Text;

/// A message of the stream protocol, as opposed to a message of the user.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum InBand {
    Header(Header),
    End(End),
    Abort(Abort),
    Progress(Progress),
    /// One of several copies of a stage has written all outputs of a turn.
    Turn(Turn),
    /// The writer is alive and has nothing to send.
    Heartbeat,
}

/// The progress of a stage. It is sent downstream with the data, at any time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Progress {
    /// The stage that reports.
    #[serde(default)]
    pub stage: String,
    /// Items written so far.
    #[serde(default)]
    pub items: u64,
    /// Payload bytes written so far.
    #[serde(default)]
    pub bytes: u64,
    /// Further values that the stage reports.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// Marks the end of a turn. Several copies of a stage take turns, so that their outputs keep the
/// order of their inputs.
///
/// Everything that the copy writes before this message precedes everything that the next copy
/// writes in its turn. A stage writes the message at the position where it read it: after the
/// outputs of earlier items and before the outputs of later ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Turn {
    /// Number of turns that the copy has had so far, including this one.
    ///
    /// A stage that reads several of these messages and writes nothing in between may forward only
    /// the last one.
    pub(crate) turns: u64,
}

/// A text frame that is marked as part of the stream protocol but is invalid.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InBandError {
    /// A version of the protocol that this crate does not support.
    #[error("the stream speaks version {0} of the stream protocol, this reader version {VERSION}")]
    Version(u64),
    /// The fields do not match the message type.
    #[error("malformed `{kind}` message in the stream")]
    Malformed {
        kind: String,
        #[source]
        source: serde_json::Error,
    },
}

impl InBand {
    /// Parses a text frame. Returns `None` if it is a user's message.
    pub(crate) fn parse(text: &str) -> Option<Result<Self, InBandError>> {
        #[derive(Deserialize)]
        struct Tag {
            r#type: String,
            pipewright: u64,
        }
        // This search alone identifies most user messages.
        if !text.contains("\"pipewright\"") {
            return None;
        }
        let Tag {
            r#type: kind,
            pipewright: version,
        } = serde_json::from_str(text).ok()?;
        if version != VERSION {
            return Some(Err(InBandError::Version(version)));
        }
        let parsed = match kind.as_str() {
            "metadata" => serde_json::from_str(text).map(Self::Header),
            "end" => serde_json::from_str(text).map(Self::End),
            "error" => serde_json::from_str(text).map(Self::Abort),
            "progress" => serde_json::from_str(text).map(|mut progress: Progress| {
                progress.more.remove("type");
                progress.more.remove("pipewright");
                Self::Progress(progress)
            }),
            "turn" => serde_json::from_str(text).map(Self::Turn),
            "heartbeat" => Ok(Self::Heartbeat),
            // A newer writer may send types that this reader does not know.
            _ => return None,
        };
        Some(parsed.map_err(|source| InBandError::Malformed { kind, source }))
    }

    /// Serialises the message as a text frame; the inverse of [`parse`](Self::parse).
    pub(crate) fn encode(&self) -> Text {
        match self {
            Self::Header(header) => tagged("metadata", header),
            Self::End(end) => tagged("end", end),
            Self::Abort(abort) => tagged("error", abort),
            Self::Progress(progress) => tagged("progress", progress),
            Self::Turn(turn) => tagged("turn", turn),
            Self::Heartbeat => tagged("heartbeat", &Nothing {}),
        }
    }
}

/// A message without fields of its own.
#[derive(Serialize)]
struct Nothing {}

fn tagged<T: Serialize>(kind: &str, fields: &T) -> Text {
    #[derive(Serialize)]
    struct Tagged<'a, T> {
        r#type: &'a str,
        pipewright: u64,
        #[serde(flatten)]
        fields: &'a T,
    }
    serde_json::to_string(&Tagged {
        r#type: kind,
        pipewright: VERSION,
        fields,
    })
    .expect("in-band messages hold strings, numbers and JSON values, which always serialise")
    .into()
}

#[cfg(test)]
mod tests {
    use super::{InBand, InBandError};
    use crate::wire::in_band::{Abort, End, Header, Progress, Turn};

    #[test]
    fn every_kind_survives_a_round_trip() {
        let mut header = Header::new("ndjson");
        header.content = Some(serde_json::json!({"file": "a.log"}));
        let mut progress = Progress {
            stage: "s".into(),
            items: 3,
            ..Progress::default()
        };
        progress.more.insert("wait_ms".into(), 7.into());
        for message in [
            InBand::Header(header),
            InBand::End(End {
                bytes: 5,
                items: Some(1),
                crc32c: Some(0xab),
            }),
            InBand::Abort(Abort::new("c", "m").at_stage("s").passed_on_by("t")),
            InBand::Progress(progress),
            InBand::Turn(Turn { turns: 3 }),
            InBand::Heartbeat,
        ] {
            let text = message.encode();
            assert_eq!(InBand::parse(&text).unwrap().unwrap(), message, "{text}");
        }
    }

    #[test]
    fn the_frames_of_the_design_read_as_written_there() {
        let end = InBand::End(End {
            bytes: 9,
            items: Some(2),
            crc32c: Some(0xab),
        });
        let json = r#"{"type":"end","pipewright":1,"bytes":9,"items":2,"crc32c":"000000ab"}"#;
        assert_eq!(end.encode(), json);
        let turn = InBand::Turn(Turn { turns: 3 });
        assert_eq!(turn.encode(), r#"{"type":"turn","pipewright":1,"turns":3}"#);
        let short = r#"{"type":"end","pipewright":1,"bytes":9}"#;
        let expected = InBand::End(End {
            bytes: 9,
            items: None,
            crc32c: None,
        });
        assert_eq!(InBand::parse(short).unwrap().unwrap(), expected);
    }

    #[test]
    fn what_the_user_sends_is_left_alone() {
        for text in [
            "",
            "hello",
            r#"{"type":"end","bytes":1}"#,
            r#""pipewright""#,
            r#"{"pipewright":1}"#,
            r#"{"pipewright":"yes","type":"end"}"#,
            r#"{"pipewright":1,"type":"mine"}"#,
        ] {
            assert!(InBand::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_broken_claim_is_an_error() {
        let parse = |text| InBand::parse(text).unwrap().unwrap_err();
        let error = parse(r#"{"type":"metadata","pipewright":2,"format":"bytes"}"#);
        assert!(matches!(error, InBandError::Version(2)));
        for text in [
            r#"{"type":"metadata","pipewright":1}"#,
            r#"{"type":"end","pipewright":1,"bytes":-1}"#,
            r#"{"type":"end","pipewright":1,"bytes":1,"crc32c":"xyz"}"#,
        ] {
            assert!(
                matches!(parse(text), InBandError::Malformed { .. }),
                "{text}"
            );
        }
    }
}
