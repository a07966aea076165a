//! Package registries and stores of artefacts.

use super::check::{is_hex_key, is_key, is_template, is_token};
use super::shape::{beside_a_name, dashed, keyed, pair_of, secret, token};
use crate::detector::AsciiSet;
use crate::detector::Edges;
use crate::detector::format::{Format, Shape};

pub(super) const FORMATS: &[Format] = &[
    secret(
        "npm",
        "NPM_TOKEN",
        "an npm token (npm_…)",
        &[Shape { valid: is_token, ..Shape::new(r"npm_[A-Za-z0-9]{36}") }],
    ),
    secret(
        "pypi",
        "PYPI_TOKEN",
        "a PyPI token (pypi-AgE…)",
        &[Shape { valid: is_token, ..Shape::new(r"pypi-AgE[A-Za-z0-9_-]{50,1000}") }],
    ),
    secret("rubygems", "RUBYGEMS_KEY", "a RubyGems key (rubygems_…)", &[token(r"rubygems_[a-f0-9]{48}")]),
    secret(
        "nuget",
        "NUGET_KEY",
        "a NuGet key (oy2…) or a password in a nuget.config",
        &[
            token(r"oy2[a-z0-9]{43}"),
            Shape {
                edges: Edges { before: AsciiSet::new(""), after: AsciiSet::new("") },
                ..beside_a_name(
                    r#"<add key="(?i:ClearTextPassword|Password)"[ \t\r\n]{1,8}value="[!#-;=?-~]{8,256}"#,
                    |value| !value.starts_with('%') && !is_template(value),
                )
            },
        ],
    ),
    secret(
        "crates",
        "CRATES_TOKEN",
        "a crates.io token (cio…)",
        &[Shape { valid: super::check::is_mixed_token, ..token(r"cio[A-Za-z0-9]{32}") }],
    ),
    secret("clojars", "CLOJARS_TOKEN", "a Clojars token (CLOJARS_…)", &[token(r"CLOJARS_[a-z0-9]{60}")]),
    secret(
        "artifactory",
        "ARTIFACTORY_KEY",
        "an Artifactory key (AKCp…), reference token (cmVmd…) or key beside the name of JFrog",
        &[
            token(r"AKCp[A-Za-z0-9]{69}"),
            token(r"cmVmd[A-Za-z0-9]{59}"),
            keyed!("jfrog|artifactory|bintray|xray", "[A-Za-z0-9]{73}", is_key),
            keyed!("jfrog|artifactory|bintray|xray", "[A-Za-z0-9]{64}", is_key),
        ],
    ),
    secret(
        "docker",
        "DOCKER_TOKEN",
        "a Docker Hub token (dckr_pat_…, dckr_oat_…)",
        &[dashed(r"dckr_[po]at_[A-Za-z0-9_-]{27,32}")],
    ),
    secret(
        "cloudsmith",
        "CLOUDSMITH_KEY",
        "a Cloudsmith key beside its name",
        &[keyed!("cloudsmith", "[a-f0-9]{40}", is_hex_key)],
    ),
    secret(
        "sidekiq",
        "SIDEKIQ_SECRET",
        "a Sidekiq licence, beside its variable or in a gem source's URL",
        &[
            Shape {
                value: Some(pair_of),
                lead: |_| true,
                ..keyed!(
                    "bundle_enterprise__contribsys__com|bundle_gems__contribsys__com",
                    "[a-f0-9]{8}:[a-f0-9]{8}",
                    is_hex_key
                )
            },
            Shape {
                value: Some(|text| 8..text.find('@').unwrap_or(text.len())),
                valid: is_hex_key,
                ..token(r"https://[a-f0-9]{8}:[a-f0-9]{8}@(?:gems|enterprise)\.contribsys\.com")
            },
        ],
    ),
];
