//! Keepers of secrets and of identities, and encryption keys.

use super::check::is_key;
use super::shape::{dashed, keyed, secret, token, uuid};
use crate::detector::format::Format;

pub(super) const FORMATS: &[Format] = &[
    secret(
        "vault",
        "VAULT_TOKEN",
        "a HashiCorp Vault token (hvs.…, hvb.…, hvr.…; s.… beside the name)",
        &[
            dashed(r"hvs\.[A-Za-z0-9_-]{24,120}"),
            dashed(r"hv[br]\.[A-Za-z0-9_-]{100,300}"),
            keyed!("vault", r"s\.[A-Za-z0-9]{24}", is_key),
        ],
    ),
    secret(
        "terraform",
        "TERRAFORM_TOKEN",
        "a token of HCP Terraform (….atlasv1.…)",
        &[keyed!("token|terraform|atlas|tfe_", r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_-]{60,70}", is_key)],
    ),
    secret(
        "doppler",
        "DOPPLER_TOKEN",
        "a Doppler token (dp.pt.…, dp.st.… and relatives)",
        &[token(r"dp\.(?:pt|st|ct|sa|scim|audit)\.(?:[a-z0-9_-]{2,35}\.)?[A-Za-z0-9]{40,44}")],
    ),
    secret("pulumi", "PULUMI_TOKEN", "a Pulumi token (pul-…)", &[token(r"pul-[a-f0-9]{40}")]),
    secret(
        "infisical",
        "INFISICAL_TOKEN",
        "an Infisical service token (st.…)",
        &[token(r"st\.[a-f0-9]{24}\.[a-f0-9]{32}\.[a-f0-9]{32}")],
    ),
    secret(
        "onepassword",
        "ONEPASSWORD_KEY",
        "a 1Password secret key (A3-…) or service account token (ops_eyJ…)",
        &[
            token(r"A3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})-[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{5}"),
            token(r"ops_eyJ[A-Za-z0-9+/]{200,1500}={0,3}"),
        ],
    ),
    secret(
        "bitwarden",
        "BITWARDEN_TOKEN",
        "a Bitwarden access token (0.….…:…==)",
        &[token(concat!(r"0\.", uuid!(), r"\.[A-Za-z0-9]{30}:[A-Za-z0-9+/]{22}=="))],
    ),
    secret(
        "age",
        "AGE_KEY",
        "a secret key of age (AGE-SECRET-KEY-1…)",
        &[token(r"AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}")],
    ),
    secret("okta", "OKTA_TOKEN", "an Okta token beside its name", &[keyed!("okta", "00[A-Za-z0-9_-]{40}", is_key)]),
    secret(
        "auth0",
        "AUTH0_SECRET",
        "an Auth0 client secret beside its name",
        &[keyed!("auth0", "[A-Za-z0-9_-]{64}", is_key)],
    ),
    secret(
        "authress",
        "AUTHRESS_KEY",
        "an Authress service client's key (sc_… and relatives)",
        &[token(
            r"(?:sc|ext|scauth|authress)_[a-z0-9]{5,30}\.[a-z0-9]{4,6}\.acc[_-][a-z0-9-]{10,32}\.[A-Za-z0-9+/_=-]{30,120}",
        )],
    ),
    secret(
        "stytch",
        "STYTCH_SECRET",
        "a Stytch secret (secret-live-…, secret-test-…)",
        &[dashed(r"secret-(?:live|test)-[A-Za-z0-9_-]{36}=")],
    ),
];
