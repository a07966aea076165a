//! Code: hosting, continuous integration, scanners and tools for it.

use super::check::{is_hex_key, is_key, is_token, is_uuid_key};
use super::shape::{dashed, keyed, secret, token, uuid, value_of};
use crate::detector::format::{Format, Shape};

pub(super) const FORMATS: &[Format] = &[
    secret(
        "github",
        "GITHUB_TOKEN",
        "a GitHub token (ghp_, gho_, ghu_, ghs_, ghr_, github_pat_)",
        &[
            Shape { valid: is_token, ..Shape::new(r"gh[pousr]_[A-Za-z0-9]{36,255}") },
            Shape { valid: is_token, ..Shape::new(r"github_pat_[A-Za-z0-9_]{22,255}") },
        ],
    ),
    secret(
        "gitlab",
        "GITLAB_TOKEN",
        "a GitLab token (glpat- and its relatives, GR1348941…) or session (_gitlab_session=…)",
        &[
            Shape {
                valid: is_token,
                ..Shape::new(concat!(
                    r"gl(?:pat|oas|dt|rt|rtr|cbt|ptt|ft|imt|agent|soat|ffct|wt)-[A-Za-z0-9_-]{20,255}",
                    r"(?:\.[0-9a-z]{2}\.?[0-9a-z]{7,9})?"
                ))
            },
            dashed(r"GR1348941[A-Za-z0-9_-]{20}"),
            Shape { value: Some(value_of), valid: is_hex_key, ..token(r"_gitlab_session=[0-9a-f]{32}") },
        ],
    ),
    secret(
        "bitbucket",
        "BITBUCKET_KEY",
        "a Bitbucket app password (ATBB…), or a client's id or secret beside the name",
        &[
            token(r"ATBB[A-Za-z0-9]{24}[A-F0-9]{8}"),
            keyed!("bitbucket", "[A-Za-z0-9]{32}", is_key),
            keyed!("bitbucket", "[A-Za-z0-9_=-]{64}", is_key),
        ],
    ),
    secret(
        "gitea",
        "GITEA_TOKEN",
        "a Gitea or Forgejo token beside its name",
        &[keyed!("gitea|forgejo|codeberg", "[a-f0-9]{40}", is_hex_key)],
    ),
    secret(
        "sourcegraph",
        "SOURCEGRAPH_TOKEN",
        "a Sourcegraph token (sgp_…, or beside the name)",
        &[
            token(r"sgp_(?:(?:[a-f0-9]{16}|local)_)?[a-f0-9]{40}"),
            keyed!("sourcegraph|src_access", "[a-f0-9]{40}", is_hex_key),
        ],
    ),
    secret(
        "circleci",
        "CIRCLECI_TOKEN",
        "a CircleCI token (CCIPAT_…, CCIPRJ_…, or beside the name)",
        &[
            token(r"CCIP(?:AT|RJ)_[A-Za-z0-9]{22}_[a-f0-9]{40}"),
            keyed!("circle_?ci|circle_token", "[a-f0-9]{40}", is_hex_key),
        ],
    ),
    secret(
        "travis",
        "TRAVIS_TOKEN",
        "a Travis CI token beside its name",
        &[keyed!("travis", "[A-Za-z0-9_-]{22}", is_key)],
    ),
    secret(
        "drone",
        "DRONE_TOKEN",
        "a Drone CI token beside its name",
        &[keyed!("drone_?ci|drone_token|drone_server", "[A-Za-z0-9]{32}", is_key)],
    ),
    secret(
        "buildkite",
        "BUILDKITE_TOKEN",
        "a Buildkite token (bkua_…, bkct_…)",
        &[token(r"bk(?:ua|ct|pt)_[a-f0-9]{40}")],
    ),
    secret(
        "codecov",
        "CODECOV_TOKEN",
        "a Codecov token beside its name",
        &[keyed!("codecov", uuid!(), is_uuid_key), keyed!("codecov", "[a-z0-9]{32}", is_hex_key)],
    ),
    secret(
        "codeclimate",
        "CODECLIMATE_TOKEN",
        "a Code Climate reporter id or token beside its name",
        &[keyed!("code_?climate|cc_test_reporter", "[a-f0-9]{64}", is_hex_key)],
    ),
    secret(
        "coveralls",
        "COVERALLS_TOKEN",
        "a Coveralls repository token beside its name",
        &[keyed!("coveralls", "[A-Za-z0-9]{32,37}", is_key)],
    ),
    secret(
        "harness",
        "HARNESS_TOKEN",
        "a Harness token (pat.…, sat.…)",
        &[token(r"[ps]at\.[A-Za-z0-9_-]{22}\.[0-9a-f]{24}\.[A-Za-z0-9]{20}")],
    ),
    secret(
        "octopus",
        "OCTOPUS_KEY",
        "an Octopus Deploy key (API-…)",
        &[Shape { valid: is_key, ..token(r"API-[A-Z0-9]{26}") }],
    ),
    secret(
        "jenkins",
        "JENKINS_TOKEN",
        "a Jenkins token beside its name",
        &[keyed!("jenkins", "(?:11)?[a-f0-9]{32}", is_hex_key)],
    ),
    secret("snyk", "SNYK_TOKEN", "a Snyk token beside its name", &[keyed!("snyk", uuid!(), is_uuid_key)]),
    secret(
        "sonar",
        "SONAR_TOKEN",
        "a SonarQube or SonarCloud token (squ_…, sqp_…, sqa_…, or beside the name)",
        &[token(r"sq[uap]_[a-f0-9]{40}"), keyed!("sonar", "[A-Za-z0-9_-]{40}", is_hex_key)],
    ),
    secret(
        "semgrep",
        "SEMGREP_TOKEN",
        "a Semgrep token beside its name",
        &[keyed!("semgrep", "[a-f0-9]{64}", is_hex_key)],
    ),
    secret("socket", "SOCKET_KEY", "a Socket key (sktsec_…)", &[dashed(r"sktsec_[A-Za-z0-9_-]{37,60}")]),
    secret(
        "stackhawk",
        "STACKHAWK_KEY",
        "a StackHawk key (hawk.…)",
        &[dashed(r"hawk\.[A-Za-z0-9_-]{20}\.[A-Za-z0-9_-]{20}")],
    ),
    secret("infracost", "INFRACOST_KEY", "an Infracost key (ico-…)", &[token(r"ico-[A-Za-z0-9]{32}")]),
    secret("prefect", "PREFECT_KEY", "a Prefect key (pnu_…, pnb_…)", &[token(r"pn[ub]_[A-Za-z0-9]{36}")]),
    secret("postman", "POSTMAN_KEY", "a Postman key (PMAK-…)", &[token(r"PMAK-[a-f0-9]{24}-[a-f0-9]{34}")]),
    secret("readme", "README_KEY", "a ReadMe key (rdme_…)", &[token(r"rdme_[a-z0-9]{70}")]),
    secret(
        "gitter",
        "GITTER_TOKEN",
        "a Gitter token beside its name",
        &[keyed!("gitter", "[A-Za-z0-9_-]{40}", is_hex_key)],
    ),
];
