//! Social networks, streaming, news.

use super::check::{has_digit, is_hex_key, is_key, is_mixed_token, is_placeholder, is_token};
use super::shape::{dashed, keyed, secret, token};
use crate::detector::format::{Format, Shape};

pub(super) const FORMATS: &[Format] = &[
    secret(
        "facebook",
        "FACEBOOK_TOKEN",
        "a Facebook or Instagram token (EAA…, IGAA…), app token (…|…) or secret beside the name",
        &[
            Shape { valid: is_mixed_token, ..token(r"EAA[A-Z][A-Za-z0-9]{90,300}") },
            Shape { valid: is_mixed_token, ..dashed(r"IG(?:AA|QV)[A-Za-z0-9_-]{90,300}") },
            Shape {
                value: Some(|text| text.rfind(APART).map_or(0, |at| at + 1)..text.len()),
                ..keyed!("facebook|fb_app|access_?token", r"[0-9]{15,16}(?:\||%7C)[A-Za-z0-9_-]{27}", is_token)
            },
            keyed!("facebook|fb_app|instagram", "[a-f0-9]{32}", is_hex_key),
        ],
    ),
    secret(
        "twitter",
        "TWITTER_TOKEN",
        "a Twitter (X) key, secret or token beside its name, or a bearer token (AAAAAAAAAAAAAAAAAAAAA…)",
        &[
            Shape { valid: is_bearer, ..Shape::number("A{22}[A-Za-z0-9%]{80,100}", is_bearer, 1000) },
            keyed!("twitter|tweepy|consumer_(?:key|secret)", "[A-Za-z0-9]{25}", is_key),
            keyed!(
                "twitter|tweepy|consumer_(?:key|secret)|access_token_secret",
                "(?:[A-Za-z0-9]{45}|[A-Za-z0-9]{50})",
                is_key
            ),
            keyed!("twitter|tweepy|access_token", "[0-9]{15,25}-[A-Za-z0-9]{20,40}", is_key),
        ],
    ),
    secret(
        "linkedin",
        "LINKEDIN_SECRET",
        "a LinkedIn client secret (WPL_AP1.…), or an id or secret beside the name",
        &[
            token(r"WPL_AP[01]\.[A-Za-z0-9]{16}\.[A-Za-z0-9+/]{6}={0,2}"),
            keyed!("linked[_-]?in", "(?:[A-Za-z0-9]{14}|[A-Za-z0-9]{16})", is_key),
        ],
    ),
    secret(
        "twitch",
        "TWITCH_TOKEN",
        "a Twitch token or secret beside its name",
        &[keyed!("twitch", "(?:oauth:)?[a-z0-9]{30}", is_key)],
    ),
    secret(
        "spotify",
        "SPOTIFY_SECRET",
        "a Spotify client id or secret beside its name",
        &[keyed!("spotify|spotipy", "[a-f0-9]{32}", is_hex_key)],
    ),
    secret(
        "reddit",
        "REDDIT_SECRET",
        "a Reddit client secret beside its name",
        &[keyed!("reddit|praw", "[A-Za-z0-9_-]{27,30}", is_key)],
    ),
    secret("flickr", "FLICKR_KEY", "a Flickr key beside its name", &[keyed!("flickr", "[a-f0-9]{32}", is_hex_key)]),
    secret(
        "nytimes",
        "NYTIMES_KEY",
        "a New York Times key beside its name",
        &[keyed!("nytimes|nyt_|new[_-]?york[_-]?times", "[A-Za-z0-9_-]{32}", is_key)],
    ),
    secret("giphy", "GIPHY_KEY", "a Giphy key beside its name", &[keyed!("giphy", "[A-Za-z0-9]{32}", is_key)]),
    secret("tmdb", "TMDB_KEY", "a TMDB key beside its name", &[keyed!("tmdb", "[a-f0-9]{32}", is_hex_key)]),
];

/// The run of As is part of it.
fn is_bearer(text: &str) -> bool {
    let rest = text.trim_start_matches('A');
    has_digit(rest) && super::check::entropy(rest) >= 3.5 && !is_placeholder(rest)
}

const APART: &[char] = &[' ', '\t', '\r', '\n', '"', '\'', '`', '=', ':', '>', ',', '(', '*', '\\'];
