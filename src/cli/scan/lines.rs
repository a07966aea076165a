//! Texts from lines of JSON. A thread reads ahead a little, so that a slow disk and a slow model do not add up.

use std::io::{BufRead, BufReader, Read};

use anyhow::{Context as _, anyhow, bail};
use futures_util::Stream;
use futures_util::stream::unfold;
use serde::Deserialize;
use tokio::sync::mpsc;

use super::MAX_TEXT;

#[derive(Deserialize)]
struct Line {
    text: String,
}

/// The texts, in order. After an error nothing comes. Empty lines are no texts.
pub(super) fn read(
    input: impl Read + Send + 'static,
    ahead: usize,
) -> impl Stream<Item = anyhow::Result<String>> + Send {
    let (sender, receiver) = mpsc::channel(ahead.max(1));
    // Ends when the input does, or when nobody wants its texts any more.
    std::thread::spawn(move || {
        for text in texts(BufReader::with_capacity(64 << 10, input)) {
            let failed = text.is_err();
            if sender.blocking_send(text).is_err() || failed {
                return;
            }
        }
    });
    unfold(receiver, |mut receiver| async move { receiver.recv().await.map(|text| (text, receiver)) })
}

fn texts(mut input: impl BufRead) -> impl Iterator<Item = anyhow::Result<String>> {
    let mut number = 0_u64;
    std::iter::from_fn(move || {
        loop {
            number += 1;
            match line(&mut input).and_then(|line| line.map(|line| text(&line)).transpose()) {
                Ok(Some(None)) => {}
                Ok(Some(Some(text))) => return Some(Ok(text)),
                Ok(None) => return None,
                Err(error) => return Some(Err(error.context(format!("line {number} of standard input")))),
            }
        }
    })
}

/// The next line without its end; `None` at the end of the input.
fn line(input: &mut impl BufRead) -> anyhow::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    let read = input.take(MAX_LINE as u64 + 1).read_until(b'\n', &mut bytes).context("cannot be read")?;
    if bytes.len() > MAX_LINE {
        bail!("is longer than {} MiB", MAX_LINE >> 20);
    }
    Ok((read > 0).then_some(bytes))
}

fn text(line: &[u8]) -> anyhow::Result<Option<String>> {
    if line.trim_ascii().is_empty() {
        return Ok(None);
    }
    let read: Result<Line, _> = serde_json::from_slice(line);
    // The column is of use, the line number is the one of this line alone.
    let line = read.map_err(|error| {
        let message = error.to_string();
        let what = message.split(" at line ").next().unwrap_or_default();
        anyhow!("expected an object such as {{\"text\": \"…\"}}: {what} (column {})", error.column())
    })?;
    Ok(Some(line.text))
}

/// Longest line, in bytes.
const MAX_LINE: usize = MAX_TEXT;

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::texts;

    fn read(input: &str) -> Vec<Result<String, String>> {
        texts(input.as_bytes()).map(|text| text.map_err(|error| format!("{error:#}"))).take(9).collect()
    }

    #[test]
    fn each_line_is_a_text() {
        let all = read("{\"text\":\"a\"}\n\n{\"label\":1,\"text\":\"b\\n\"}\r\n{\"text\":\"c\"}");
        assert_eq!(all, ["a", "b\n", "c"].map(|text| Ok(text.to_owned())));
    }

    #[test]
    fn a_bad_line_is_named() {
        let error = |input: &str| read(input).into_iter().find_map(Result::err).unwrap();
        assert_eq!(
            error("{\"text\":\"a\"}\n{\"text\":5}\n"),
            "line 2 of standard input: expected an object such as {\"text\": \"…\"}: \
             invalid type: integer `5`, expected a string (column 9)"
        );
        assert!(error("{}").contains("missing field `text`"));
        assert!(error("{\"text\":\"a\",\"text\":\"b\"}").contains("duplicate field"));
        assert!(error(&"x".repeat(super::MAX_LINE + 1)).ends_with("is longer than 16 MiB"));
    }
}
