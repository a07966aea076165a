//! `OpenAI` embeddings, and the vectors that every API's embeddings are made of.

use serde_json::{Value, json};

use super::api::{Answer, Asked, Problem, strings, words};

pub(super) fn answer(asked: &Asked<'_>) -> Result<Option<Answer>, Problem> {
    // Ollama has a path that ends so too.
    if !asked.posts_to("/embeddings") || asked.posts_to("/api/embeddings") {
        return Ok(None);
    }
    let request = asked.json()?;
    let base64 = request["encoding_format"] == "base64";
    let mut texts = strings(&request["input"]);
    if texts.is_empty() {
        // Token ids, which nobody here can read.
        texts.push(String::new());
    }
    let one = |(index, text): (usize, &String)| {
        let vector = vector(text);
        let embedding = if base64 { packed(&vector).into() } else { json!(vector) };
        json!({"object": "embedding", "index": index, "embedding": embedding})
    };
    let tokens: usize = texts.iter().map(|text| words(text)).sum();
    Ok(Some(Answer::Whole(json!({
        "object": "list", "data": texts.iter().enumerate().map(one).collect::<Vec<Value>>(),
        "model": asked.model(&request), "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }))))
}

/// A short vector that tells texts apart: how often bytes of each remainder stand in the text.
pub(super) fn vector(text: &str) -> Vec<f32> {
    let mut counts = [0_u16; DIMENSIONS];
    for byte in text.bytes() {
        let count = &mut counts[usize::from(byte) % DIMENSIONS];
        *count = count.saturating_add(1);
    }
    let length = counts.iter().map(|count| f32::from(*count).powi(2)).sum::<f32>().sqrt().max(1.0);
    counts.iter().map(|count| f32::from(*count) / length).collect()
}

/// The numbers, little-endian, in base64.
pub(super) fn packed(vector: &[f32]) -> String {
    let bytes: Vec<u8> = vector.iter().flat_map(|number| number.to_le_bytes()).collect();
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let bits = (0..3).fold(0, |bits, at| bits << 8 | u32::from(three.get(at).copied().unwrap_or_default()));
        for at in 0..4 {
            let digit = char::from(DIGITS[(bits >> (18 - 6 * at)) as usize & 63]);
            text.push(if at <= three.len() { digit } else { '=' });
        }
    }
    text
}

const DIMENSIONS: usize = 8;

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
