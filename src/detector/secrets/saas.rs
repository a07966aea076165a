//! Tools of teams: documents, boards, forms, files, customers, designs.

use super::check::{entropy, has_digit, is_hex_key, is_key, is_mixed_token, is_uuid_key};
use super::shape::{beside_a_name, dashed, keyed, pair_of, secret, token, uuid};
use crate::detector::format::{Format, Shape};

pub(super) const FORMATS: &[Format] = &[
    secret(
        "atlassian",
        "ATLASSIAN_TOKEN",
        "an Atlassian token (ATATT3…, ATCTT3…), or beside the name of Jira, Confluence or Trello",
        &[dashed(r"AT[AC]TT3[A-Za-z0-9_=-]{186}"), keyed!("atlassian|confluence|jira", "[A-Za-z0-9]{24}", is_key)],
    ),
    secret(
        "trello",
        "TRELLO_TOKEN",
        "a Trello token (ATTA…), or a key or token beside the name",
        &[token(r"ATTA[a-f0-9]{64}[A-F0-9]{8}"), keyed!("trello", "(?:[a-f0-9]{32}|[a-f0-9]{64})", is_hex_key)],
    ),
    secret(
        "adobe",
        "ADOBE_SECRET",
        "an Adobe client secret (p8e-…), or a client id beside the name",
        &[dashed(r"p8e-[A-Za-z0-9_-]{32}"), keyed!("adobe", "[a-f0-9]{32}", is_hex_key)],
    ),
    secret(
        "adafruit",
        "ADAFRUIT_KEY",
        "an Adafruit IO key (aio_…, or beside the name)",
        &[token(r"aio_[A-Za-z0-9]{28}"), keyed!("adafruit", "[a-z0-9_-]{32}", is_hex_key)],
    ),
    secret(
        "airtable",
        "AIRTABLE_KEY",
        "an Airtable personal token (pat….…) or key (key… beside the name)",
        &[token(r"pat[A-Za-z0-9]{14}\.[a-f0-9]{64}"), keyed!("airtable", "[A-Za-z0-9]{17}", is_key)],
    ),
    secret(
        "algolia",
        "ALGOLIA_KEY",
        "an Algolia key beside its name",
        &[keyed!("algolia", "[a-z0-9]{32}", is_hex_key)],
    ),
    secret(
        "asana",
        "ASANA_TOKEN",
        "an Asana personal token (1/…:…), or a client secret beside the name",
        &[
            Shape {
                value: Some(pair_of),
                ..keyed!("asana", "[012]/[0-9]{13,19}(?:/[0-9]{13,19})?:[a-f0-9]{32}", is_hex_key)
            },
            keyed!("asana", "[a-z0-9]{32}", is_hex_key),
            keyed!("asana_client", "[0-9]{16}", |value| !super::check::is_placeholder(value)),
        ],
    ),
    secret(
        "notion",
        "NOTION_TOKEN",
        "a Notion token (ntn_…, secret_…)",
        &[token(r"ntn_[0-9]{11}[A-Za-z0-9]{35}"), Shape { valid: is_mixed_token, ..token(r"secret_[A-Za-z0-9]{43}") }],
    ),
    secret(
        "linear",
        "LINEAR_KEY",
        "a Linear key (lin_api_…, lin_oauth_…), or a client secret beside the name",
        &[
            token(r"lin_api_[A-Za-z0-9]{40}"),
            token(r"lin_oauth_[a-f0-9]{64}"),
            keyed!("linear_|linear\\.|linear client", "[a-f0-9]{32}", is_hex_key),
        ],
    ),
    secret(
        "contentful",
        "CONTENTFUL_TOKEN",
        "a Contentful management token (CFPAT-…) or delivery token beside the name",
        &[dashed(r"CFPAT-[A-Za-z0-9_-]{43}"), keyed!("contentful", "[A-Za-z0-9_-]{43}", is_key)],
    ),
    secret(
        "dropbox",
        "DROPBOX_TOKEN",
        "a Dropbox token (sl.…), or a secret or old token beside the name",
        &[
            dashed(r"sl\.(?:u\.)?[A-Za-z0-9_=-]{130,1300}"),
            keyed!("dropbox", "[A-Za-z0-9]{15}", is_key),
            keyed!("dropbox", "[A-Za-z0-9]{11}A{10}[A-Za-z0-9_-]{43}", is_hex_prefix),
        ],
    ),
    secret(
        "figma",
        "FIGMA_TOKEN",
        "a Figma token (figd_…, figo_…)",
        &[dashed(r"fig(?:d|o|or|u|dh|oh|uh)_[A-Za-z0-9_-]{40,50}")],
    ),
    secret("frameio", "FRAMEIO_TOKEN", "a Frame.io token (fio-u-…)", &[dashed(r"fio-u-[A-Za-z0-9_=-]{64}")]),
    secret(
        "hubspot",
        "HUBSPOT_KEY",
        "a HubSpot token (pat-na1-…) or key beside the name",
        &[dashed(concat!("pat-(?:na|eu|ap)[0-9]-", uuid!())), keyed!("hubspot|hapi_?key", uuid!(), is_uuid_key)],
    ),
    secret(
        "intra42",
        "INTRA42_SECRET",
        "a client secret of 42's Intra (s-s4t2ud-…, s-s4t2af-…)",
        &[dashed(r"s-s4t2(?:ud|af)-[a-f0-9]{64}")],
    ),
    secret(
        "mapbox",
        "MAPBOX_TOKEN",
        "a Mapbox token (pk.eyJ1…, sk.eyJ1…)",
        &[
            dashed(r"[pst]k\.eyJ1[A-Za-z0-9_-]{55,120}\.[A-Za-z0-9_-]{20,24}"),
            keyed!("mapbox", r"pk\.[A-Za-z0-9]{60}\.[A-Za-z0-9_-]{22}", is_key),
        ],
    ),
    secret(
        "typeform",
        "TYPEFORM_TOKEN",
        "a Typeform token (tfp_…)",
        &[Shape {
            edges: crate::detector::Edges { before: crate::detector::format::WORD, after: super::shape::BASE64 },
            ..dashed(r"tfp_[A-Za-z0-9_-]{40,50}(?:_[A-Za-z0-9]{9,15})?")
        }],
    ),
    secret(
        "zendesk",
        "ZENDESK_TOKEN",
        "a Zendesk token or secret beside its name",
        &[keyed!("zendesk", "[A-Za-z0-9]{40}", is_key)],
    ),
    secret(
        "freshdesk",
        "FRESHDESK_KEY",
        "a Freshdesk key beside its name",
        &[keyed!("freshdesk|freshservice", "[A-Za-z0-9]{20}", is_key)],
    ),
    secret(
        "salesforce",
        "SALESFORCE_TOKEN",
        "a Salesforce session or access token (00D…!…)",
        &[Shape { valid: is_mixed_token, ..token(r"00D[A-Za-z0-9]{12,15}![A-Za-z0-9._]{79,149}[A-Za-z0-9_]") }],
    ),
    secret("clickup", "CLICKUP_KEY", "a ClickUp key (pk_…_…)", &[token(r"pk_[0-9]{6,9}_[A-Z0-9]{32}")]),
    secret(
        "todoist",
        "TODOIST_TOKEN",
        "a Todoist token beside its name",
        &[keyed!("todoist", "[a-f0-9]{40}", is_hex_key)],
    ),
    secret("wakatime", "WAKATIME_KEY", "a WakaTime key (waka_…)", &[dashed(concat!("waka_", uuid!()))]),
    secret(
        "cloudinary",
        "CLOUDINARY_SECRET",
        "the secret in cloudinary://key:secret@name",
        &[Shape {
            value: Some(|text| text.rfind(':').map_or(0, |at| at + 1)..text.find('@').unwrap_or(text.len())),
            valid: is_key,
            ..Shape::new(r"cloudinary://[0-9]{15}:[A-Za-z0-9_-]{27}@[a-z0-9]")
        }],
    ),
    secret(
        "settlemint",
        "SETTLEMINT_TOKEN",
        "a SettleMint token (sm_aat_…, sm_pat_…, sm_sat_…)",
        &[token(r"sm_[aps]at_[A-Za-z0-9]{16}")],
    ),
    secret(
        "rapidapi",
        "RAPIDAPI_KEY",
        "a RapidAPI key beside its name",
        &[keyed!("rapid_?api", "[A-Za-z0-9_-]{50}", is_key)],
    ),
    secret(
        "looker",
        "LOOKER_SECRET",
        "a Looker client id or secret beside its name",
        &[keyed!("looker", "(?:[a-z0-9]{20}|[a-z0-9]{24})", is_key)],
    ),
    secret(
        "webflow",
        "WEBFLOW_TOKEN",
        "a Webflow token beside its name",
        &[keyed!("webflow", "[a-f0-9]{64}", is_hex_key)],
    ),
    secret(
        "wordpress",
        "WORDPRESS_KEY",
        "a key or salt of a wp-config.php, or an Akismet key",
        &[Shape {
            lead: |_| true,
            value: Some(|text| text.rfind(['"', '\'']).map_or(0, |at| at + 1)..text.len()),
            ..beside_a_name(
                r#"define\([ ]?['"](?:AUTH|SECURE_AUTH|LOGGED_IN|NONCE)_(?:KEY|SALT)['"],[ \t]{0,8}['"][ !#-&(-~]{60,64}"#,
                is_salt,
            )
        }],
    ),
    secret(
        "django",
        "DJANGO_KEY",
        "the SECRET_KEY of a Django project",
        &[beside_a_name(
            r#"SECRET_KEY[ \t]{0,4}=[ \t]{0,4}r?["'](?:django-insecure-)?[a-z0-9!@#$%^&*+_-]{50}"#,
            is_key,
        )],
    ),
];

/// An old Dropbox token: ten capital As are part of it.
fn is_hex_prefix(value: &str) -> bool {
    is_key(&value.replacen("AAAAAAAAAA", "", 1))
}

/// Any character may be in a salt: none of them is a sign of a placeholder.
fn is_salt(value: &str) -> bool {
    has_digit(value) && entropy(value) >= 4.0
}
