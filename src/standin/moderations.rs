//! `OpenAI` moderations: what says "violence" is violent, and nothing else is anything.

use serde_json::{Map, Value, json};

use super::api::{Answer, Asked, Problem, strings, text_of};

pub(super) fn answer(asked: &Asked<'_>) -> Result<Option<Answer>, Problem> {
    if !asked.posts_to("/moderations") {
        return Ok(None);
    }
    let request = asked.json()?;
    let input = &request["input"];
    let texts = strings(input);
    // Parts are one thing to judge, strings are one each.
    let texts = if texts.is_empty() { vec![text_of(input)] } else { texts };
    Ok(Some(Answer::Whole(json!({
        "id": format!("modr-standin-{}", asked.call),
        "model": request["model"].as_str().unwrap_or("omni-moderation-latest"),
        "results": texts.iter().map(|text| judged(text)).collect::<Vec<_>>(),
    }))))
}

fn judged(text: &str) -> Value {
    let is_violent = text.to_lowercase().contains("violence");
    let each = |value: &dyn Fn(bool) -> Value| -> Map<String, Value> {
        let entry = |name: &&str| ((*name).to_owned(), value(is_violent && *name == "violence"));
        CATEGORIES.iter().map(entry).collect()
    };
    json!({
        "flagged": is_violent, "categories": each(&Value::from),
        "category_scores": each(&|is_meant| if is_meant { 0.99 } else { 0.01 }.into()),
        "category_applied_input_types": each(&|_| json!(["text"])),
    })
}

const CATEGORIES: &[&str] = &[
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/intent",
    "self-harm/instructions",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
];
