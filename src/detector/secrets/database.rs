//! Databases and streams of data as a service.

use super::check::{is_key, is_uuid_key};
use super::shape::{dashed, keyed, secret, token, uuid};
use crate::detector::format::Format;

pub(super) const FORMATS: &[Format] = &[
    secret(
        "planetscale",
        "PLANETSCALE_KEY",
        "a PlanetScale token or password (pscale_tkn_…, pscale_oauth_…, pscale_pw_…)",
        &[dashed(r"pscale_(?:tkn|oauth|pw)_[A-Za-z0-9_-]{32,64}")],
    ),
    secret(
        "neon",
        "NEON_KEY",
        "a Neon API key (napi_…) or database password (npg_…)",
        &[token(r"napi_[a-z0-9]{64}"), token(r"npg_[A-Za-z0-9]{12,24}")],
    ),
    secret(
        "databricks",
        "DATABRICKS_TOKEN",
        "a Databricks token (dapi…) or OAuth secret (dose…)",
        &[token(r"dapi[a-f0-9]{32}(?:-[0-9])?"), token(r"dose[a-f0-9]{32}")],
    ),
    secret("clickhouse", "CLICKHOUSE_KEY", "a ClickHouse Cloud key (4b1d…)", &[token(r"4b1d[A-Za-z0-9]{38}")]),
    secret(
        "confluent",
        "CONFLUENT_KEY",
        "a Confluent key or secret beside its name, or a prefixed secret (cflt…)",
        &[
            token(r"cflt[A-Za-z0-9+/]{60}"),
            keyed!("confluent", "[A-Za-z0-9]{16}", is_key),
            keyed!("confluent", "[A-Za-z0-9+/]{64}", is_key),
        ],
    ),
    secret(
        "mongodb_atlas",
        "MONGODB_ATLAS_KEY",
        "a MongoDB Atlas service account secret (mdb_sa_sk_…) or private key beside its name",
        &[dashed(r"mdb_sa_sk_[A-Za-z0-9_-]{40}"), keyed!("mongodb|atlas", uuid!(), is_uuid_key)],
    ),
    secret(
        "upstash",
        "UPSTASH_TOKEN",
        "an Upstash token beside its name",
        &[keyed!("upstash", "[A-Za-z0-9]{40,120}={0,2}", is_key)],
    ),
    secret(
        "elastic",
        "ELASTIC_KEY",
        "an Elasticsearch API key beside its name, or an Elastic Cloud key (essu_…)",
        &[keyed!("elastic|kibana", "[A-Za-z0-9+/]{58}==", is_key), token(r"essu_[A-Za-z0-9+/]{40,120}={0,2}")],
    ),
    secret(
        "influxdb",
        "INFLUXDB_TOKEN",
        "an InfluxDB token beside its name",
        &[keyed!("influx", "[A-Za-z0-9_-]{86}==", is_key)],
    ),
    secret(
        "cockroachdb",
        "COCKROACHDB_KEY",
        "a CockroachDB Cloud key (CCDB1_…)",
        &[token(r"CCDB1_[A-Za-z0-9]{22}_[A-Za-z0-9]{40}")],
    ),
    secret("aiven", "AIVEN_PASSWORD", "a password of an Aiven service (AVNS_…)", &[dashed(r"AVNS_[A-Za-z0-9_-]{19}")]),
    secret("xata", "XATA_KEY", "a Xata key (xau_…)", &[token(r"xau_[A-Za-z0-9]{22,40}")]),
];
