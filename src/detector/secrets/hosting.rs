//! Where things run: application hosting, CDNs, clusters, tunnels and networks.

use std::ops::Range;

use super::check::{is_hex_key, is_key, is_template, is_uuid_key};
use super::shape::{beside_a_name, dashed, keyed, secret, token, uuid};
use crate::detector::format::{Format, Shape};

pub(super) const FORMATS: &[Format] = &[
    secret(
        "cloudflare",
        "CLOUDFLARE_KEY",
        "a Cloudflare token or key beside its name, a prefixed one (cfut_…), or an Origin CA key (v1.0-…)",
        &[
            token(r"v1\.0-[a-f0-9]{24}-[a-f0-9]{146}"),
            token(r"cf(?:k|ut|at)_[A-Za-z0-9]{40}[a-f0-9]{8}"),
            keyed!("cloudflare|cf_api", "[A-Za-z0-9_-]{40}", is_key),
            keyed!("cloudflare|cf_api", "[a-f0-9]{37}", is_hex_key),
        ],
    ),
    secret(
        "fastly",
        "FASTLY_TOKEN",
        "a Fastly token beside its name",
        &[keyed!("fastly", "[A-Za-z0-9_-]{32}", is_key)],
    ),
    secret(
        "heroku",
        "HEROKU_KEY",
        "a Heroku API key (HRKU-…, or a UUID beside the name)",
        &[
            dashed(r"HRKU-AA[0-9A-Za-z_-]{58}"),
            dashed(concat!("HRKU-", uuid!())),
            keyed!("heroku", uuid!(), is_uuid_key),
        ],
    ),
    secret(
        "flyio",
        "FLY_TOKEN",
        "a Fly.io token (fo1_…, fm1a_…, fm1r_…, fm2_…)",
        &[dashed(r"fo1_[A-Za-z0-9_-]{43}"), token(r"fm(?:1[ar]|2)_[A-Za-z0-9+/]{100,1000}={0,3}")],
    ),
    secret(
        "netlify",
        "NETLIFY_TOKEN",
        "a Netlify token (nfp_…, or beside the name)",
        &[token(r"nfp_[A-Za-z0-9]{36,40}"), keyed!("netlify", "[A-Za-z0-9_-]{40,46}", is_key)],
    ),
    secret(
        "vercel",
        "VERCEL_TOKEN",
        "a Vercel token (vcp_… and relatives, or beside the name)",
        &[token(r"vc[aikpr]_[A-Za-z0-9]{24,80}"), keyed!("vercel", "[A-Za-z0-9]{24}", is_key)],
    ),
    secret("render", "RENDER_KEY", "a Render API key (rnd_…)", &[token(r"rnd_[A-Za-z0-9]{28,40}")]),
    secret("railway", "RAILWAY_TOKEN", "a Railway token beside its name", &[keyed!("railway", uuid!(), is_uuid_key)]),
    secret("scalingo", "SCALINGO_TOKEN", "a Scalingo token (tk-us-…)", &[dashed(r"tk-us-[A-Za-z0-9_-]{48}")]),
    secret(
        "openshift",
        "OPENSHIFT_TOKEN",
        "an OpenShift user token (sha256~…)",
        &[dashed(r"sha256~[A-Za-z0-9_-]{43}")],
    ),
    secret(
        "kubernetes",
        "KUBERNETES_SECRET",
        "the data of a Kubernetes Secret, or a bootstrap token (--token …)",
        &[
            Shape {
                valid: |value| !is_template(value),
                value: Some(data_of),
                ..token(concat!(
                    r#"(?i:kind:[ \t]{0,4}["']?secret["']?)[ \t]{0,8}\r?\n"#,
                    r#"(?:[ \t]{0,8}[A-Za-z0-9_./"'-]{1,48}:[\t -~]{0,80}\r?\n){0,6}"#,
                    r"data:[ \t]{0,8}\r?\n",
                    r#"(?:[ \t]{1,8}[A-Za-z0-9_.-]{1,64}:[ \t]{1,4}["']?[A-Za-z0-9+/_-]{8,256}={0,3}["']?(?:\r?\n)?){1,4}"#
                ))
            },
            beside_a_name(r#"--token[= "']{1,3}[a-z0-9]{6}\.[a-z0-9]{16}"#, is_key),
        ],
    ),
    secret(
        "supabase",
        "SUPABASE_KEY",
        "a Supabase token (sbp_…) or secret key (sb_secret_…)",
        &[token(r"sbp_[a-f0-9]{40}"), dashed(r"sb_secret_[A-Za-z0-9_-]{31}")],
    ),
    secret(
        "ngrok",
        "NGROK_TOKEN",
        "an ngrok authtoken behind that word",
        &[beside_a_name(
            r#"(?i:authtoken)["']?[ \t]{0,2}[ =:][ "']{0,3}[A-Za-z0-9]{25,29}_[A-Za-z0-9]{20,22}"#,
            is_key,
        )],
    ),
    secret(
        "tailscale",
        "TAILSCALE_KEY",
        "a Tailscale key (tskey-…)",
        &[dashed(r"tskey-(?:auth|api|client|scim|webhook)-[A-Za-z0-9]{8,20}-[A-Za-z0-9]{20,40}")],
    ),
    secret(
        "meraki",
        "MERAKI_KEY",
        "a Cisco Meraki API key beside its name",
        &[keyed!("meraki", "[0-9a-f]{40}", is_hex_key)],
    ),
    secret(
        "defined_networking",
        "DEFINED_NETWORKING_KEY",
        "a Defined Networking key (dnkey-…)",
        &[dashed(r"dnkey-[A-Za-z0-9=_-]{26}-[A-Za-z0-9=_-]{52}")],
    ),
];

/// The lines behind `data:`.
fn data_of(text: &str) -> Range<usize> {
    let from = text.rfind("data:").and_then(|at| text.get(at..)?.find('\n').map(|line| at + line + 1));
    from.unwrap_or(0)..text.trim_end().len()
}
