use pipewright::{Direction, StreamChannelRef, find_refs};
use serde_json::{Deserializer, Value};

use crate::exit::Exit;
use crate::failure::Failure;

/// Finds the only ref of this direction in a text: a ref as JSON, the output of `channel create`,
/// or a payload that contains it.
///
/// A failure never shows the text, which contains access keys.
pub(super) fn pick(text: &str, direction: Direction) -> Result<StreamChannelRef, Failure> {
    let mut found = Vec::new();
    for value in Deserializer::from_str(text).into_iter::<Value>() {
        let value = value.map_err(|error| {
            let told = format!(
                "this is not the JSON of a ref: line {}, column {}",
                error.line(),
                error.column()
            );
            Failure::new(Exit::Usage, told).hint(HINT)
        })?;
        found.extend(find_refs(&value).into_iter().map(|found| found.channel_ref));
    }
    let (mut wanted, others): (Vec<_>, Vec<_>) = found
        .into_iter()
        .partition(|channel_ref| channel_ref.direction == direction);
    let told = match (wanted.len(), others.len()) {
        (1, _) => return Ok(wanted.remove(0)),
        (0, 0) => "there is no channel ref in it".to_owned(),
        (0, _) => format!("it has no ref to {direction}, only one of the channel's other end"),
        (several, _) => format!("it has {several} refs to {direction}, and one is wanted"),
    };
    Err(Failure::new(Exit::Usage, told).hint(HINT))
}

const HINT: &str = "a ref is a line that `pipewright channel create` prints, as an argument in \
                    quotes, as `@FILE`, or as `-` for standard input";

#[cfg(test)]
mod tests {
    use pipewright::Direction;

    use super::pick;

    #[test]
    fn the_ref_of_the_right_direction_is_taken() {
        let read = r#"{"channel_id":"c","access_key":"k3y","direction":"read"}"#;
        let write = r#"{"channel_id":"c","access_key":"k3y","direction":"write"}"#;
        for text in [
            read.to_owned(),
            format!("{write}\n{read}\n"),
            format!(r#"{{"writer":{write},"reader":{read}}}"#),
        ] {
            let picked = pick(&text, Direction::Read).ok().unwrap();
            assert_eq!(picked.direction, Direction::Read);
        }
        for text in [
            String::new(),
            write.to_owned(),
            format!("{read}{read}"),
            "k3y".to_owned(),
        ] {
            assert!(pick(&text, Direction::Read).is_err(), "{text}");
        }
    }
}
