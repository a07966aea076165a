//! What a client reads from a streamed chat answer: the text of its first choice, and how it ended.

use serde_json::Value;

use crate::protocol::sse::Decoder;

/// A reader of a stream's events.
#[derive(Default)]
pub(super) struct Deltas {
    decoder: Decoder,
    /// All text so far.
    pub(super) text: String,
    /// `finish_reason`, once it came.
    pub(super) finish: Option<String>,
}

impl Deltas {
    /// Takes the next bytes in; returns the deltas of text that they complete.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut events = Vec::new();
        // What is too long to be an event is lost to a client, too.
        let _ = self.decoder.feed(bytes, |event| events.push(event.data().into_owned()));
        events.iter().filter_map(|data| self.event(data)).collect()
    }

    fn event(&mut self, data: &[u8]) -> Option<String> {
        let event: Value = serde_json::from_slice(data).ok()?;
        let choice = event["choices"].as_array()?.iter().find(|choice| choice["index"] == 0)?;
        if let Some(finish) = choice["finish_reason"].as_str() {
            self.finish = Some(finish.to_owned());
        }
        let text = choice["delta"]["content"].as_str().filter(|text| !text.is_empty())?;
        self.text.push_str(text);
        Some(text.to_owned())
    }
}
