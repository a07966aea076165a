//! Each format, by values that are made up and put together here, so that no tool takes this file for a leak.

mod specs;
mod values;

use std::time::Instant;

use self::specs::SPECS;
use self::values::{Draw, Form};
use super::*;
use crate::detector::format::tests::{Table, context, cut_anywhere, cut_anywhere_in, found, found_in};

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
        own("slack", format!("xoxe.xoxp-1-{}", part(0, 60))),
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
        keyed("datadog", "DATADOG_API_KEY=", "0a9b8c7d6e5f4132".repeat(2), ""),
        keyed("algolia", "\"algolia\": { \"apiKey\": \"", "4132a0b9c8d7e6f5".repeat(2), "\" }"),
        keyed("cloudinary", "cloudinary://274915826374958:", part(0, 27).to_owned(), "@acme"),
        keyed("connection_string", "Server=db;User Id=sa;Password=", "t0p-Gun!77".to_owned(), ";Encrypt=yes"),
        keyed("authorization", "Authorization: Bearer ", part(0, 32).to_owned(), ""),
        keyed(
            "django",
            "SECRET_KEY = '",
            "django-insecure-4k2w8!x^q9z_r7m1p3v5n0b6t8c2f4h6j8l0d1s3a5g7y9u2e4".to_owned(),
            "'",
        ),
        keyed(
            "wordpress",
            "define('AUTH_KEY', '",
            "t4|K2+w8!x^q9z_R7m1p3v5n0b6t8c2f4h6j8l0d1s3a5g7y9u2e4?%Ba@Cd/Eg7".to_owned(),
            "');",
        ),
        keyed("kubernetes", "kind: Secret\nmetadata:\n  name: db\ndata:\n", format!("  pass: {}", part(0, 16)), "\n"),
        keyed("nuget", "<add key=\"ClearTextPassword\" value=\"", "t0p-Gun!77".to_owned(), "\" />"),
        keyed("sidekiq", "https://", "4e1b7c2d:9a3f6b80".to_owned(), "@gems.contribsys.com/"),
        keyed("generic", "DB_PASSWORD='", "x9!kQz27rT".to_owned(), "'"),
        keyed("generic", "\"api_key\": \"", part(0, 32).to_owned(), "\""),
    ]
}

const DOCUMENTED: &str = include_str!("../../../docs/detectors.md");

fn all() -> String {
    let names: Vec<&str> = formats().map(|format| format.name).collect();
    format!("secrets: {{ formats: [{}] }}", names.join(", "))
}

#[test]
fn every_shape_parses_and_every_format_is_tried() {
    let (samples, mut names) = (samples(), std::collections::HashSet::new());
    for format in formats() {
        assert!(names.insert(format.name), "{} twice", format.name);
        let specified = SPECS.iter().copied().flatten().any(|(name, ..)| *name == format.name);
        let tried = specified || samples.iter().any(|(name, ..)| *name == format.name);
        assert!(tried, "{} is never tried", format.name);
        let row = format!("| `{}` | `{}` |", format.name, format.entity);
        assert!(DOCUMENTED.contains(&row), "docs/detectors.md has no row {row}");
        let patterns = format.shapes.iter().filter_map(|shape| shape.compile(format, THRESHOLD, &Vec::new().into()));
        assert_eq!(patterns.count(), format.shapes.len(), "{}", format.name);
    }
}

#[test]
fn all_formats_together_compile_in_reasonable_time_and_memory() {
    let (began, before) = (Instant::now(), resident());
    let context = context(&all());
    let (took, grown) = (began.elapsed(), resident().saturating_sub(before));
    let shapes: usize = formats().map(|format| format.shapes.len()).sum();
    println!("{} formats, {shapes} shapes: {took:?}, {} KiB", formats().count(), grown);
    assert!(found_in(&context, "nothing to find here").is_empty());
    // What is built when it is first needed, for every format there is.
    let mut draw = Draw::new("all");
    let written = SPECS.iter().copied().flatten().map(|(_, lead, spec)| (lead, Form::parse(spec).value(&mut draw)));
    let written: Vec<(&&str, String)> = written.collect();
    let text = written.iter().fold(String::new(), |text, (lead, value)| text + lead + value + "\n");
    let began = Instant::now();
    let found = found_in(&context, &text);
    let (took_all, grown_all) = (began.elapsed(), resident().saturating_sub(before));
    println!("all needed: {took_all:?}, {grown_all} KiB");
    for (lead, value) in &written {
        assert!(found.contains(value), "{lead}{value} among all");
    }
    // Unoptimised and on a busy machine: what this must not be is minutes, or gigabytes.
    assert!((took + took_all).as_secs() < 60 && grown_all < 256 << 10, "{took:?}, {took_all:?}, {grown_all} KiB");
}

/// Memory of this process in KiB, 0 where the system does not say.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|size| size.parse().ok()).unwrap_or(0)
}

/// Every form of a family: ten values that follow it, ten or more that do not, and the first cut at every place.
fn check(family: &[specs::Spec]) {
    let mut compiled: Option<(&str, crate::policy::Context)> = None;
    let mut wrong = Vec::new();
    for (format, lead, spec) in family {
        let detect = format!("secrets: {{ formats: [{format}] }}");
        if compiled.as_ref().is_none_or(|(name, _)| name != format) {
            compiled = Some((format, context(&detect)));
        }
        let Some((_, context)) = &compiled else { unreachable!("compiled above") };
        let (form, mut draw) = (Form::parse(spec), Draw::new(spec));
        let quote = ["\"", "'"].into_iter().find(|quote| lead.ends_with(quote)).unwrap_or_default();
        let written = format!("{lead}{{}}{quote}");
        let valid: Vec<String> = (0..10).map(|_| form.value(&mut draw)).collect();
        let faults = form.faults(&mut draw, !lead.is_empty());
        assert!(faults.len() >= 10, "{spec}: too few faults");
        for value in &valid {
            let text = format!("Use {} now", written.replacen("{}", value, 1));
            if found_in(context, &text) != [value.as_str()] {
                wrong.push(format!("{format}: {text:?} gives {:?}", found_in(context, &text)));
            }
        }
        for (fault, value) in &faults {
            let text = format!("Use {} now", written.replacen("{}", value, 1));
            if !found_in(context, &text).is_empty() {
                wrong.push(format!("{format}: {fault}: {text:?} gives {:?}", found_in(context, &text)));
            }
        }
        if !wrong.is_empty() {
            continue;
        }
        let valid: Vec<&str> = valid.iter().map(String::as_str).collect();
        let invalid: Vec<&str> = faults.iter().map(|(_, value)| &**value).collect();
        Table { detect: &detect, written: &written, valid: &valid, invalid: &invalid }.check_in(context);
        cut_anywhere_in(context, "Use ", &written.replacen("{}", valid[0], 1), valid[0], " now");
        if !lead.is_empty() && lead.ends_with('=') {
            let other =
                format!("Use acme_{} now", lead.to_lowercase().replace(|char: char| char.is_ascii_alphabetic(), "w"));
            assert!(found_in(context, &format!("{other}{}", valid[0])).is_empty(), "{format} without a name");
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn forms_of_clouds_hosting_databases_and_vaults() {
    SPECS[..4].iter().for_each(|family| check(family));
}

#[test]
fn forms_of_models_and_code() {
    SPECS[4..7].iter().for_each(|family| check(family));
}

#[test]
fn forms_of_messengers_mail_payment_and_shops() {
    SPECS[7..11].iter().for_each(|family| check(family));
}

#[test]
fn forms_of_monitoring_tools_and_data() {
    SPECS[11..].iter().for_each(|family| check(family));
}

#[test]
fn each_is_found_alone_and_cut_anywhere() {
    let every = context(&all());
    for (format, text, value) in samples() {
        let rule = format!("secrets: {{ formats: [{format}] }}");
        assert_eq!(found(&rule, &format!("Use {text} now")), [value.as_str()], "{format}");
        assert!(found_in(&every, &format!("Use {text} now")).contains(&value), "{format} among all");
        cut_anywhere(&rule, "Use ", &text, &value, " now");
    }
}

#[test]
fn passwords_in_urls_and_settings() {
    Table {
        detect: "secrets: { formats: [connection_string] }",
        written: "postgres://app:{}@db.internal:5432/app",
        valid: &["t0p-Gun!77", "123456", "hunter2", "a", "Sommer2024", "x:y", "%41bc", "p+q=r", "_9_", "(~)"],
        invalid: &[
            "",
            "password",
            "pass",
            "secret",
            "${PASSWORD}",
            "{{password}}",
            "your_password",
            "xxxxxx",
            "changeme",
            "example1",
            "REDACTED",
            "a b",
            "a/b",
        ],
    }
    .check();
    Table {
        detect: "secrets: { formats: [connection_string] }",
        written: "Server=tcp:db,1433;Database=app;User Id=sa;Password={};Encrypt=yes",
        valid: &[
            "t0p-Gun!77",
            "123456",
            "hunter2",
            "Sommer2024",
            "x:yz",
            "%41bc",
            "p+q=r",
            "_9_8",
            "Pa55-wort",
            "q#r@s",
        ],
        invalid: &[
            "",
            "abc",
            "password",
            "passwd",
            "secret",
            "${PASSWORD}",
            "{{password}}",
            "your_password",
            "xxxxxx",
            "changeme",
            "example1",
            "REDACTED",
            "$(pass)",
        ],
    }
    .check();
}

#[test]
fn what_headers_hand_over() {
    let rule = "secrets: { formats: [authorization] }";
    for written in
        ["Authorization: Bearer {}", "\"Authorization\": \"Bearer {}\"", "authorization=Token {}", "X-Api-Key: {}"]
    {
        let valid = [
            "4f9XkQ27rTzB81mW",
            "q7Lw.92kdPz.Hs8dYt3",
            "0a9b8c7d6e5f41320a9b8c7d6e5f4132",
            "V1StGXR8_Z5jdHi6B-myT",
            "9J4kdl2+Xz/31mQpVbTs==",
            "Zm9vOmJhcjQ3MTE5MzI=",
            "3Qk9~vT2xLp7WmRz",
            "b7e23ec29af22b0b4e41da31e868d572",
            "Tq8Yw3Zr5Xn1Mk6L",
            "a8F3k2Lq9Zx7Vb1N",
        ];
        let invalid = [
            "",
            "token",
            "your_token_goes_here_1",
            "your-token-here-12345",
            "$TOKEN",
            "${API_TOKEN_1}",
            "<token-4711-of-yours>",
            "xxxxxxxxxxxxxxxxxxxxxxxx",
            "00000000000000000000000",
            "abcdefghijklmnopqrstuvwx",
            "notatokenjustwordsinit",
            "EXAMPLE4f9XkQ27rTzB81mW",
            "a1",
        ];
        Table { detect: rule, written, valid: &valid, invalid: &invalid }.check();
    }
    assert_eq!(found(rule, "curl -u admin:t0p-Gun!77 https://x.y"), ["t0p-Gun!77"]);
    assert_eq!(found(rule, "curl https://x.y --user 'bob:Sommer2024' -v"), ["Sommer2024"]);
    for text in [
        "docker run --user 1000:100000 image",
        "docker run -u node:node2024 image",
        "curl -u bob:password https://x.y",
        "curl -u $USER:$PASS https://x.y",
        "curl -u bob https://x.y/a:80",
        "sort -u names:numbers",
    ] {
        assert_eq!(found(rule, text), [""; 0], "{text}");
    }
}

#[test]
fn keys_in_files_of_their_own_kind() {
    let salt = |body: &str| format!("define( 'NONCE_SALT',       '{body}' );");
    let body = "t4|K2+w8!x^q9z_R7m1p3v5n0b6t8c2f4h6j8l0d1s3a5g7y9u2e4?%Ba@Cd/Eg7";
    assert_eq!(found("secrets: { formats: [wordpress] }", &salt(body)), [body]);
    for text in [
        salt("put your unique phrase here"),
        salt(&"a1".repeat(32)),
        salt(&body[..59]),
        format!("define('DB_NAME', '{body}');"),
        format!("AUTH_KEY = '{body}'"),
    ] {
        assert_eq!(found("secrets: { formats: [wordpress] }", &text), [""; 0], "{text}");
    }
    let key = "4k2w8!x^q9z_r7m1p3v5n0b6t8c2f4h6j8l0d1s3a5g7y9u2e4";
    let rule = "secrets: { formats: [django] }";
    assert_eq!(found(rule, &format!("SECRET_KEY = \"{key}\"")), [key]);
    for text in [
        "SECRET_KEY = os.environ['SECRET_KEY']".to_owned(),
        "SECRET_KEY = 'change-me'".to_owned(),
        format!("SECRET_KEY = '{}'", &key[1..]),
        format!("SECRET_KEY = '{}'", "ab1".repeat(17)),
    ] {
        assert_eq!(found(rule, &text), [""; 0], "{text}");
    }
    let rule = "secrets: { formats: [kubernetes] }";
    let yaml = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\ntype: Opaque\ndata:\n  user: YWRtaW4tdXNlcg==\n  pass: czNjcmV0LWl0LWlz\n";
    assert_eq!(found(rule, yaml), ["  user: YWRtaW4tdXNlcg==\n  pass: czNjcmV0LWl0LWlz"]);
    assert_eq!(found(rule, &yaml.replace("Secret", "ConfigMap")), [""; 0]);
    assert_eq!(found(rule, "kind: Secret\nmetadata:\n  name: db\ndata:\n  pass: ${DB_PASSWORD}\n"), [""; 0]);
    let rule = "secrets: { formats: [nuget] }";
    assert_eq!(found(rule, "<add key=\"Password\" value=\"%NUGET_PASSWORD%\" />"), [""; 0]);
    assert_eq!(found(rule, "<add key=\"PasswordPolicy\" value=\"t0p-Gun!77\" />"), [""; 0]);
    let rule = "secrets: { formats: [cloudinary] }";
    assert_eq!(found(rule, "cloudinary://<key>:<secret>@acme and cloudinary://key:secret@acme"), [""; 0]);
}

/// Names are written in many ways, and the value is all that is found.
#[test]
fn a_key_is_found_however_its_name_is_written() {
    let key = "0a9b8c7d6e5f4132".repeat(2);
    for text in [
        format!("DATADOG_API_KEY={key}"),
        format!("export MY_DATADOG_API_KEY='{key}'"),
        format!("datadog_api_key: {key}"),
        format!("\"datadogApiKey\": \"{key}\","),
        format!("\\\"datadog_api_key\\\": \\\"{key}\\\""),
        format!("datadog.api.key={key}"),
        format!("Datadog API key: {key}"),
        format!("My Datadog API key is {key}."),
        format!("**Datadog API key:** {key}"),
        format!("the Datadog key is `{key}`"),
        format!("\"datadog\": {{ \"apiKey\": \"{key}\" }}"),
        format!("datadog:\n  api_key: {key}").replace("datadog:\n ", "datadog_settings: {") + "}",
        format!("datadog.initialize(api_key='{key}')"),
        format!("setKey(); DATADOG_KEY => \"{key}\""),
        format!("<datadogKey>{key}</datadogKey>"),
        format!("| Datadog key | {key} |"),
        format!("DATADOG_API_KEY:\n  {key}"),
    ] {
        assert_eq!(found("secrets: { formats: [datadog] }", &text), [key.as_str()], "{text}");
    }
    for text in [
        format!("DATADOG_COMMIT={key}"),
        format!("datadog_api_key_hash: {key}"),
        format!("datadog_public_key: {key}"),
        format!("datadog: {key}"),
        format!("mydatadogapikey={key}"),
        format!("datadog wrote many long sentences and then api_key={key}"),
        format!("api_key={key}"),
        format!("DATADOG_API_KEY={key}0"),
        format!("DATADOG_API_KEY={key}-us1"),
        "DATADOG_API_KEY=00000000000000000000000000000000".to_owned(),
        "DATADOG_API_KEY=your_datadog_api_key_goes_here_12".to_owned(),
        "DATADOG_API_KEY=${DATADOG_API_KEY}".to_owned(),
    ] {
        assert_eq!(found("secrets: { formats: [datadog] }", &text), [""; 0], "{text}");
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
    let every = context(&all());
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
        // Names and numbers of things.
        "git show 9fceb02d0ae598e95dc970b74767f19372d61af8 -- sentry/auth_token.py",
        "uses: codecov/codecov-action@0561704f0f02c16a585d4c7555e57fa2e44cf909",
        "SENTRY_RELEASE=9fceb02d0ae598e95dc970b74767f19372d61af8",
        "FROM docker.io/library/redis@sha256:0ed5d5928d4737458944eb604cc8509e245c3e19d02ad83935398bc4b991aac7",
        "\"integrity\": \"sha512-0ed5D5928d4737458944eb604cc8509e245c3e19d02ad83935398bc4b991aac7kkQ+/Qe8Zb3T2vX1w9yJpLrMsNtUhGcF==\"",
        "resolved \"https://registry.yarnpkg.com/mailgun.js/-/mailgun.js-9.3.0.tgz#5b0e2a3a8b47c1f0d3c5a4e1f2b3c4d5e6f7a8b9\"",
        "<script integrity=\"sha384-oqVuAfXRKap7fdgcCY5uykM6+R9GqQ8K/uxy9rx7HNQlGYl1kPzQho1wx4JwY8wC\" crossorigin=\"anonymous\">",
        "mailgun.js@9.3.0: checksum: 0ed5d5928d4737458944eb604cc8509e245c3e19d02ad83935398bc4b991aac7",
        "twilio = { version = \"7.1\", hashes = [\"sha256:0ed5d5928d4737458944eb604cc8509e245c3e19d02ad83935398bc4b991aac7\"] }",
        "github.com/hashicorp/vault/api v1.9.2 h1:YjkZLJ7K3inKgMZ0wzCU9OHqc+UqMQyXsPXnf3Cl2as=",
        "trace_id=4bf92f3577b34da6a3ce929d0e0e4736 span_id=00f067aa0ba902b7 service=datadog-agent",
        "x-request-id: 7f1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d heroku-router: at=info",
        "ETag: \"33a64df551425fcc55e4d42a148795d9f25f89d4\" Server: cloudflare",
        "CF-RAY: 7d1e2f3a4b5c6d7e-FRA cf-cache-status: HIT",
        "i-0abcd1234ef567890 vpc-0a1b2c3d4e5f67890 arn:aws:iam::123456789012:role/deploy-2024",
        "pod/app-7d9f8b6c5d-x2x4z  1/1  Running  sk-worker-5f7c9d8b6-abcde",
        "/api-7c6d5e4f-1a2b/v1 key-value stores, key-42, pubkey-auth",
        "session cookie: JSESSIONID=1A2B3C4D5E6F708192A3B4C5D6E7F809",
        // Code and what it is made into.
        "!function(e,t){\"object\"==typeof exports?module.exports=t():e.stripe=t()}(this,function(){var a1b2=sk_live;})",
        "const discord = require('discord.js'); client.login(process.env.DISCORD_TOKEN)",
        "linear_layer_weights = torch.nn.Linear(in_features=512, out_features=2048)",
        "class AlgoliaSearchClient(apiKey: String, appId: String)",
        "def facebook_login(access_token: str, app_secret: str) -> FacebookUser:",
        "twitter_api_key = settings.TWITTER_API_KEY",
        "sentry.init({ dsn: process.env.SENTRY_DSN, tracesSampleRate: 0.25 })",
        "openai.api_key = os.getenv(\"OPENAI_API_KEY\")",
        "headers = {'Authorization': f'Bearer {access_token}', 'X-Api-Key': api_key}",
        "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
        "\"mappings\": \"AAAA,SAASA,EAAEC,EAAGC,GACZ,OAAOD,EAAIC\"",
        // Templates of settings.
        "OPENAI_API_KEY=sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "OPENAI_API_KEY=sk-your-key-here\nANTHROPIC_API_KEY=sk-ant-...\nSTRIPE_KEY=sk_test_...",
        "AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE\nAWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "GITHUB_TOKEN=ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "SLACK_BOT_TOKEN=xoxb-your-bot-token\nSLACK_WEBHOOK=https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
        "MAILGUN_API_KEY=key-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "DATADOG_API_KEY=<your-datadog-api-key>\nALGOLIA_API_KEY=changeme",
        "TWILIO_AUTH_TOKEN=your_auth_token\nSENDGRID_API_KEY=SG.xxxxxxxx",
        "HEROKU_API_KEY=00000000-0000-0000-0000-000000000000",
        "HEROKU_API_KEY=12345678-1234-1234-1234-123456789012",
        "HEROKU_API_KEY=123e4567-e89b-12d3-a456-426614174000",
        "heroku_api_key: ${{ secrets.HEROKU_API_KEY }}",
        "CLOUDFLARE_API_TOKEN=abcdefghijklmnopqrstuvwxyz0123456789abcd",
        "DATABASE_URL=postgres://user:password@localhost:5432/db",
        "MONGO_URL=mongodb://${USER}:${PASS}@localhost/db",
        "Authorization: Bearer <token>\nAuthorization: Bearer YOUR_ACCESS_TOKEN\nAuthorization: Basic $CREDENTIALS",
        // Prose.
        "Linear regression, the discord in the group, and Facebook's token gesture: the key is to listen.",
        "The Kraken is a key figure; Sentry duty is secret. Notion: access is free.",
        "A square key, a beamer, and a lob: plaid is in fashion, adobe houses are not.",
        "Use the Stripe dashboard to create a key that starts with sk_live_ or sk_test_, and keep it secret.",
        "Twitter access is free for accounts with 1234567890123456789 followers",
        "My Trello board is called super-long-board-name-of-the-team and Asana task 1204567890123456 is done.",
    ] {
        assert_eq!(found_in(&every, text), [""; 0], "{text}");
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
