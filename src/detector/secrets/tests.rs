//! Each format, by values that are made up and put together here, so that no tool takes this file for a leak.

use super::*;
use crate::detector::format::tests::{cut_anywhere, found};

/// A value of each format and what of it is the secret.
pub(in crate::detector) fn samples() -> Vec<(&'static str, String, String)> {
    let alnum = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0u1V2w3X4y5Z6a7B8c9D0e1F2g3H4";
    let part = |from: usize, length: usize| &alnum[from..from + length];
    let own = |format, value: String| (format, value.clone(), value);
    let keyed = |format, before: &str, value: String, after: &str| (format, format!("{before}{value}{after}"), value);
    vec![
        own("aws", format!("AKIA{}", "QWERTYUIOPASDFGH")),
        keyed("aws", "aws_secret_access_key = \"", format!("{}+/", part(0, 38)), "\""),
        own("github", format!("ghp_{}", part(0, 36))),
        own("github", format!("github_pat_{}", part(0, 40))),
        own("gitlab", format!("glpat-{}", part(0, 20))),
        own("openai", format!("sk-proj-{}", part(0, 48))),
        own("openai", format!("sk-{}", part(0, 48))),
        own("anthropic", format!("sk-ant-api03-{}", part(0, 60))),
        own("openrouter", format!("sk-or-v1-{}", part(0, 64))),
        own("google", format!("AIza{}", part(0, 35))),
        own("slack", format!("xoxb-{}", part(0, 30))),
        own("slack", format!("https://hooks.slack.com/services/T{}/B{}/{}", part(0, 8), part(8, 8), part(16, 24))),
        own("stripe", format!("sk_live_{}", part(0, 24))),
        own("huggingface", format!("hf_{}", part(0, 34))),
        own("npm", format!("npm_{}", part(0, 36))),
        own("pypi", format!("pypi-AgEIcHlwaS5vcmc{}", part(0, 60))),
        own("sendgrid", format!("SG.{}.{}", part(0, 22), part(22, 43))),
        own("twilio", format!("SK{}", "0a9b8c7d6e5f4132".repeat(2))),
        own("private_key", format!("-----BEGIN PRIVATE KEY-----\n{0}\n{0}\n-----END PRIVATE KEY-----", part(0, 64))),
        own("jwt", format!("eyJhbGciOiJIUzI1NiJ9.eyJ{}.{}", part(0, 30), part(30, 30))),
        keyed("connection_string", "postgres://app:", "t0p-Gun!77".to_owned(), "@db.internal:5432/app"),
        keyed("generic", "DB_PASSWORD='", "x9!kQz27rT".to_owned(), "'"),
        keyed("generic", "\"api_key\": \"", part(0, 32).to_owned(), "\""),
    ]
}

fn all() -> String {
    let names: Vec<&str> = formats().map(|format| format.name).collect();
    format!("secrets: {{ formats: [{}] }}", names.join(", "))
}

#[test]
fn every_shape_parses_and_every_format_has_a_sample() {
    let samples = samples();
    for format in formats() {
        assert!(samples.iter().any(|(name, ..)| *name == format.name), "{} has no sample", format.name);
        let patterns = format.shapes.iter().filter_map(|shape| shape.compile(format, THRESHOLD, &Vec::new().into()));
        assert_eq!(patterns.count(), format.shapes.len(), "{}", format.name);
    }
}

#[test]
fn each_is_found_alone_and_cut_anywhere() {
    for (format, text, value) in samples() {
        let rule = format!("secrets: {{ formats: [{format}] }}");
        assert_eq!(found(&rule, &format!("Use {text} now")), [value.as_str()], "{format}");
        assert!(found(&all(), &format!("Use {text} now")).contains(&value), "{format} among all");
        cut_anywhere(&rule, "Use ", &text, &value, " now");
    }
}

#[test]
fn a_private_key_of_any_length_is_covered_to_its_end() {
    let body = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC0123456789+/abcdefghijklmnopqrst\n".repeat(400);
    let key = format!("-----BEGIN RSA PRIVATE KEY-----\n{body}-----END RSA PRIVATE KEY-----");
    let text = format!("My key:\n{key}\nIs it strong?");
    assert_eq!(found("secrets: { formats: [private_key] }", &text), [key]);
    let masked = crate::detector::format::tests::masked("secrets: { formats: [private_key] }", &text, 100);
    assert_eq!(masked, format!("My key:\n{}\nIs it strong?", "*".repeat(text.len() - 22)));
    // Nobody writes the end: the text of a key covers all that can be one.
    let open = found("secrets: {}", "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0B (cut)");
    assert_eq!(open, ["-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0B "]);
}

#[test]
fn a_token_of_any_length_is_covered_to_its_end() {
    let token = format!("eyJ0eXAiOiJKV1QifQ.{}.sig_-123", "eyJhIjoiYiJ9abcdef".repeat(700));
    for step in [1000, 7, 1] {
        let masked = crate::detector::format::tests::masked("secrets: {}", &format!("see {token}. Next"), step);
        assert_eq!(masked, format!("see {}. Next", "*".repeat(token.len())), "{step}");
    }
}

#[test]
fn what_only_looks_like_a_secret_is_none() {
    for text in [
        "password: ${DB_PASSWORD}",
        "password = os.environ['DB_PASSWORD_2']",
        "api_key: your_api_key_123",
        "token=3f786850e387550fdab836ed7e6dc881de23001b",
        "secret: 123e4567-e89b-12d3-a456-426614174000",
        "The password: must have 8 characters",
        "postgres://user:password@localhost/db",
        "postgres://localhost:5432/db",
        "const token = getToken2(request)",
        "max_tokens=4096, token_count: 12345678",
        "The sk-learn package and task-oriented-dialogue-systems",
        "commit 3f786850e387550fdab836ed7e6dc881de23001b",
        "https://example.com/path:with@colon",
        "a sk-learn-based-classification-pipeline",
        "task-management-for-the-whole-organisation",
        "AKIA is a prefix and ghp_ tokens are long",
        "hf_hub_download(repo_id)",
        "masks-0123456789abcdef0123456789",
    ] {
        assert_eq!(found(&all(), text), [""; 0], "{text}");
    }
}

#[test]
fn allow_lists_judge_the_value_alone() {
    let key = "AKIAQWERTYUIOPASDFGH";
    let rule = format!("secrets: {{ formats: [aws, generic], allow_list: [{key}, x9!kQz27rT] }}");
    assert_eq!(found(&rule, &format!("{key} and AKIAQWERTYUIOPASDFGX")), ["AKIAQWERTYUIOPASDFGX"]);
    assert_eq!(found(&rule, "password=x9!kQz27rT"), [""; 0]);
    assert_eq!(found(&rule, "password=x9!kQz27rTT"), ["x9!kQz27rTT"]);
}

#[test]
fn all_formats_compile_quickly() {
    let began = std::time::Instant::now();
    let formats = super::formats().count();
    let shapes: usize = super::formats().map(|format| format.shapes.len()).sum();
    let _ = found(&all(), "x");
    println!("{formats} formats, {shapes} shapes, {:?}", began.elapsed());
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    println!("{}", status.lines().filter(|l| l.starts_with("VmRSS")).collect::<String>());
    let mut times = Vec::new();
    for format in super::formats() {
        let b = std::time::Instant::now();
        let _ = found(&format!("secrets: {{ formats: [{}] }}", format.name), "x");
        times.push((b.elapsed(), format.name));
    }
    times.sort(); times.reverse();
    println!("{:?}", &times[..25]);
}
