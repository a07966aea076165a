//! Messengers, telephony and webhooks.

use super::check::{has_digit, is_hex_key, is_key, is_mixed_token, is_placeholder, is_token};
use super::shape::{beside_a_name, dashed, keyed, pair_of, secret, token, uuid};
use crate::detector::format::{Format, Shape};

pub(super) const FORMATS: &[Format] = &[
    secret(
        "slack",
        "SLACK_TOKEN",
        "a Slack token (xoxb-…, xapp-…) or incoming webhook",
        &[
            Shape { valid: is_slack, ..Shape::new(r"xox[abcdeoprs](?:\.xox[bp])?-[A-Za-z0-9-]{10,250}") },
            Shape { valid: is_slack, ..Shape::new(r"xapp-[0-9]-[A-Za-z0-9-]{10,250}") },
            Shape {
                valid: is_url,
                ..Shape::new(r"(?i:https://hooks\.slack\.com)/(?:services|workflows|triggers)/[A-Za-z0-9/_-]{20,250}")
            },
        ],
    ),
    secret(
        "discord",
        "DISCORD_TOKEN",
        "a Discord bot token or client secret beside a name, or a webhook's URL",
        &[
            keyed!(
                "discord|token|\\.login|\\.run",
                r"[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,38}",
                is_mixed_token
            ),
            Shape {
                valid: is_url,
                ..dashed(
                    r"https://(?:canary\.|ptb\.)?discord(?:app)?\.com/api/webhooks/[0-9]{17,20}/[A-Za-z0-9_-]{60,80}",
                )
            },
            keyed!("discord", "[A-Za-z0-9_-]{32}", is_key),
            keyed!("discord", "[a-f0-9]{64}", is_hex_key),
        ],
    ),
    secret(
        "telegram",
        "TELEGRAM_TOKEN",
        "a Telegram bot token, beside a name or in the API's URL",
        &[
            Shape {
                value: Some(pair_of),
                ..keyed!("telegr|tg_|bot_?token|bot_?api|token", "[0-9]{8,10}:AA[A-Za-z0-9_-]{33}", is_token)
            },
            Shape {
                value: Some(|text| text.find("/bot").map_or(0, |at| at + 4)..text.len()),
                ..dashed(r"api\.telegram\.org/bot[0-9]{8,10}:AA[A-Za-z0-9_-]{33}")
            },
        ],
    ),
    secret(
        "teams",
        "TEAMS_WEBHOOK",
        "an incoming webhook of Microsoft Teams",
        &[Shape {
            valid: is_url,
            ..token(concat!(
                r"https://[a-z0-9-]{1,60}\.webhook\.office\.com/webhookb2/",
                uuid!(),
                "@",
                uuid!(),
                "/IncomingWebhook/[a-z0-9]{32}/",
                uuid!()
            ))
        }],
    ),
    secret(
        "google_chat",
        "GOOGLE_CHAT_WEBHOOK",
        "an incoming webhook of Google Chat",
        &[Shape {
            valid: is_url,
            ..dashed(concat!(
                r"https://chat\.googleapis\.com/v1/spaces/[A-Za-z0-9_-]{8,20}/messages\?key=[A-Za-z0-9_-]{39}",
                r"&token=[A-Za-z0-9_%-]{40,60}"
            ))
        }],
    ),
    secret(
        "zapier",
        "ZAPIER_WEBHOOK",
        "a webhook of Zapier",
        &[Shape { valid: is_url, ..token(r"https://hooks\.zapier\.com/hooks/catch/[0-9]{5,9}/[a-z0-9]{6,8}") }],
    ),
    secret(
        "mattermost",
        "MATTERMOST_TOKEN",
        "a Mattermost token beside its name",
        &[keyed!("mattermost", "[a-z0-9]{26}", is_key)],
    ),
    secret(
        "rocketchat",
        "ROCKETCHAT_TOKEN",
        "a Rocket.Chat token beside its name",
        &[keyed!("rocket[._-]?chat", "[A-Za-z0-9_-]{43}", is_key)],
    ),
    secret(
        "twilio",
        "TWILIO_KEY",
        "a Twilio API key (SK and 32 hex digits), or an auth token beside the name",
        &[Shape { valid: is_twilio, ..token(r"SK[0-9a-f]{32}") }, keyed!("twilio", "[0-9a-f]{32}", is_hex_key)],
    ),
    secret(
        "sendbird",
        "SENDBIRD_TOKEN",
        "a Sendbird token beside its name",
        &[keyed!("sendbird", "[a-f0-9]{40}", is_hex_key), keyed!("sendbird", uuid!(), super::check::is_uuid_key)],
    ),
    secret(
        "messagebird",
        "MESSAGEBIRD_KEY",
        "a MessageBird key beside its name",
        &[
            keyed!("message[_-]?bird", "[A-Za-z0-9]{25}", is_key),
            keyed!("message[_-]?bird", uuid!(), super::check::is_uuid_key),
        ],
    ),
    secret(
        "vonage",
        "VONAGE_SECRET",
        "a Vonage (Nexmo) secret beside its name",
        &[keyed!("vonage|nexmo", "[A-Za-z0-9]{16}", is_key)],
    ),
    secret("plivo", "PLIVO_TOKEN", "a Plivo auth token beside its name", &[keyed!("plivo", "[A-Za-z0-9]{40}", is_key)]),
    secret(
        "intercom",
        "INTERCOM_TOKEN",
        "an Intercom token (dG9r…) or secret beside the name",
        &[token(r"dG9rO[A-Za-z0-9+/]{50,75}={0,2}"), keyed!("intercom", "[A-Za-z0-9_-]{60}", is_key)],
    ),
    secret(
        "zoom",
        "ZOOM_SECRET",
        "a Zoom client secret beside its name",
        &[keyed!("zoom_|zoom\\.", "[A-Za-z0-9]{32}", is_key)],
    ),
    secret(
        "pusher",
        "PUSHER_SECRET",
        "a Pusher key or secret beside its name",
        &[keyed!("pusher", "[a-f0-9]{20}", is_hex_key)],
    ),
    secret(
        "ably",
        "ABLY_KEY",
        "an Ably key beside its name",
        &[Shape {
            value: Some(pair_of),
            ..beside_a_name(
                r#"(?i:ably)[A-Za-z0-9_.-]{0,24}["']?[ \t]{0,8}[=:(,]{1,2}[ \t]{0,8}["']?[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{6}:[A-Za-z0-9_-]{16,43}"#,
                is_key,
            )
        }],
    ),
];

/// Slack's numbers tell it from words between dashes.
fn is_slack(text: &str) -> bool {
    text.bytes().filter(u8::is_ascii_digit).count() >= 3 && !is_placeholder(text)
}

fn is_twilio(text: &str) -> bool {
    has_digit(text) && !is_placeholder(text)
}

/// Webhooks in documentation have placeholders for parts.
fn is_url(text: &str) -> bool {
    let path = text.find("://").and_then(|at| text.get(at + 3..)).unwrap_or(text);
    has_digit(path) && !is_placeholder(path)
}
