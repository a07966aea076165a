//! Metrics, logs, errors, incidents, product analytics, feature flags.

use super::check::{is_hex_key, is_key, is_mixed_token, is_token, is_uuid_key};
use super::shape::{dashed, keyed, secret, token, uuid};
use crate::detector::format::{Format, Shape};

pub(super) const FORMATS: &[Format] = &[
    secret(
        "datadog",
        "DATADOG_KEY",
        "a Datadog API key (32 hex digits) or application key (40, ddapp_…) beside its name",
        &[
            keyed!("datadog|dd_(?:api|app)|dd-(?:api|application)", "[a-f0-9]{32}", is_hex_key),
            keyed!("datadog|dd_(?:api|app)|dd-(?:api|application)", "[a-z0-9]{40}", is_hex_key),
            token(r"ddapp_[A-Za-z0-9]{34}"),
        ],
    ),
    secret(
        "new_relic",
        "NEW_RELIC_KEY",
        "a New Relic key (NRAK-…, NRJS-…, NRII-…, …NRAL beside the name)",
        &[
            token(r"NRAK-[A-Z0-9]{27}"),
            token(r"NRJS-[a-f0-9]{19}"),
            dashed(r"NRI[IQ]-[A-Za-z0-9_-]{32}"),
            keyed!("new[_-]?relic", "[a-f0-9]{36}NRAL", is_key),
            keyed!("new[_-]?relic", "[a-z0-9]{64}", is_hex_key),
        ],
    ),
    secret(
        "sentry",
        "SENTRY_TOKEN",
        "a Sentry token (sntrys_…, sntryu_…, or beside the name)",
        &[
            token(r"sntrys_eyJ[A-Za-z0-9+/=_]{80,400}"),
            token(r"sntryu_[a-f0-9]{64}"),
            keyed!("sentry", "[a-f0-9]{64}", is_hex_key),
        ],
    ),
    secret(
        "grafana",
        "GRAFANA_TOKEN",
        "a Grafana service account token (glsa_…), cloud token (glc_…) or API key (eyJrIjoi…)",
        &[
            token(r"glsa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}"),
            token(r"glc_[A-Za-z0-9+/]{32,400}={0,3}"),
            token(r"eyJrIjoi[A-Za-z0-9]{70,400}={0,3}"),
        ],
    ),
    secret(
        "dynatrace",
        "DYNATRACE_TOKEN",
        "a Dynatrace token (dt0c01.… and relatives)",
        &[token(r"dt0[a-z][0-9]{2}\.[A-Za-z0-9]{8,24}\.[A-Za-z0-9]{64}")],
    ),
    secret(
        "honeycomb",
        "HONEYCOMB_KEY",
        "a Honeycomb key (hcaik_…, or beside the name)",
        &[token(r"hc[a-z]ik_[A-Za-z0-9]{58}"), keyed!("honeycomb", "(?:[a-f0-9]{32}|[A-Za-z0-9]{22})", is_hex_key)],
    ),
    secret(
        "sumologic",
        "SUMOLOGIC_KEY",
        "a Sumo Logic access id or key beside its name",
        &[
            keyed!("sumo_?logic|sumo_", "su[A-Za-z0-9]{12}", is_key),
            keyed!("sumo_?logic|sumo_", "[A-Za-z0-9]{64}", is_key),
        ],
    ),
    secret(
        "splunk",
        "SPLUNK_TOKEN",
        "a Splunk event collector's token beside its name",
        &[keyed!("splunk|hec_", uuid!(), is_uuid_key)],
    ),
    secret("loggly", "LOGGLY_TOKEN", "a Loggly token beside its name", &[keyed!("loggly", uuid!(), is_uuid_key)]),
    secret(
        "logzio",
        "LOGZIO_TOKEN",
        "a Logz.io token beside its name",
        &[
            keyed!("logz[._]?io", uuid!(), is_uuid_key),
            keyed!("logz[._]?io", "[A-Za-z]{32}", |value| !super::check::is_placeholder(value)
                && super::check::entropy(value) >= 3.5),
        ],
    ),
    secret("axiom", "AXIOM_TOKEN", "an Axiom token (xaat-…, xapt-…)", &[dashed(concat!("xa[ap]t-", uuid!()))]),
    secret(
        "uptimerobot",
        "UPTIMEROBOT_KEY",
        "an UptimeRobot key (u…-…) beside its name",
        &[keyed!("uptime_?robot", "[um][0-9]{5,9}-[a-f0-9]{24,32}", is_key)],
    ),
    secret(
        "pagerduty",
        "PAGERDUTY_KEY",
        "a PagerDuty key beside its name",
        &[
            keyed!("pager_?duty|pd_api", r"(?:[uy]\+[A-Za-z0-9_-]{18}|[A-Za-z0-9_-]{20})", is_key),
            keyed!("pager_?duty", "[a-z0-9]{32}", is_hex_key),
        ],
    ),
    secret("opsgenie", "OPSGENIE_KEY", "an Opsgenie key beside its name", &[keyed!("opsgenie", uuid!(), is_uuid_key)]),
    secret(
        "statuspage",
        "STATUSPAGE_KEY",
        "a Statuspage key beside its name",
        &[keyed!("status_?page", uuid!(), is_uuid_key)],
    ),
    secret(
        "rollbar",
        "ROLLBAR_TOKEN",
        "a Rollbar token beside its name",
        &[keyed!("rollbar", "[a-f0-9]{32}", is_hex_key)],
    ),
    secret("bugsnag", "BUGSNAG_KEY", "a Bugsnag key beside its name", &[keyed!("bugsnag", "[a-f0-9]{32}", is_hex_key)]),
    secret(
        "airbrake",
        "AIRBRAKE_KEY",
        "an Airbrake key beside its name",
        &[keyed!("airbrake", "[a-f0-9]{32}", is_hex_key)],
    ),
    secret("honeybadger", "HONEYBADGER_KEY", "a Honeybadger key (hbp_…)", &[token(r"hbp_[A-Za-z0-9]{36}")]),
    secret(
        "posthog",
        "POSTHOG_KEY",
        "a PostHog project or personal key (phc_…, phx_…)",
        &[token(r"ph[cxs]_[A-Za-z0-9]{40,52}")],
    ),
    secret(
        "amplitude",
        "AMPLITUDE_KEY",
        "an Amplitude key beside its name",
        &[keyed!("amplitude", "[a-f0-9]{32}", is_hex_key)],
    ),
    secret(
        "mixpanel",
        "MIXPANEL_KEY",
        "a Mixpanel token or secret beside its name",
        &[keyed!("mixpanel", "[a-f0-9]{32}", is_hex_key)],
    ),
    secret(
        "segment",
        "SEGMENT_KEY",
        "a Segment token (sgp_…) or write key beside its name",
        &[
            Shape { valid: is_mixed_token, ..token(r"sgp_[A-Za-z0-9]{64}") },
            keyed!("segment_|segment\\.|segment write", "[A-Za-z0-9]{32}", is_key),
        ],
    ),
    secret(
        "launchdarkly",
        "LAUNCHDARKLY_KEY",
        "a LaunchDarkly key (sdk-…, api-…), or beside the name",
        &[dashed(concat!("(?:sdk|api)-", uuid!())), keyed!("launch_?darkly", "[A-Za-z0-9_-]{40}", is_key)],
    ),
    secret(
        "statsig",
        "STATSIG_KEY",
        "a Statsig secret (secret-…)",
        &[Shape { valid: is_token, ..token(r"secret-[A-Za-z0-9]{43,50}") }],
    ),
];
