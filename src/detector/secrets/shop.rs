//! Shops, shipping and travel.

use super::check::{is_key, is_uuid_key};
use super::shape::{dashed, keyed, secret, token, uuid};
use crate::detector::format::Format;

pub(super) const FORMATS: &[Format] = &[
    secret(
        "shopify",
        "SHOPIFY_TOKEN",
        "a Shopify token (shpat_…, shpca_…, shppa_…, shpss_…)",
        &[token(r"shp(?:at|ca|pa|ss|tka|ua)_[A-Fa-f0-9]{32}")],
    ),
    secret("easypost", "EASYPOST_KEY", "an EasyPost key (EZAK…, EZTK…)", &[token(r"EZ[AT]K[A-Za-z0-9]{54}")]),
    secret(
        "shippo",
        "SHIPPO_TOKEN",
        "a Shippo token (shippo_live_…, shippo_test_…)",
        &[token(r"shippo_(?:live|test)_[A-Fa-f0-9]{40}")],
    ),
    secret(
        "lob",
        "LOB_KEY",
        "a Lob key (live_…, test_pub_…) beside its name",
        &[keyed!("lob_|lob\\.|\"lob\"|'lob'", "(?:live|test)_(?:[a-f0-9]{35}|pub_[a-f0-9]{31})", is_key)],
    ),
    secret(
        "duffel",
        "DUFFEL_TOKEN",
        "a Duffel token (duffel_live_…, duffel_test_…)",
        &[dashed(r"duffel_(?:live|test)_[A-Za-z0-9_=-]{43}")],
    ),
    secret("etsy", "ETSY_KEY", "an Etsy key beside its name", &[keyed!("etsy", "[a-z0-9]{24}", is_key)]),
    secret(
        "squarespace",
        "SQUARESPACE_KEY",
        "a Squarespace key beside its name",
        &[keyed!("squarespace", uuid!(), is_uuid_key)],
    ),
    secret(
        "freemius",
        "FREEMIUS_KEY",
        "a Freemius secret key (sk_… beside secret_key)",
        &[keyed!("secret_key", "sk_[A-Za-z0-9!#$%&*+@^_{}~.-]{29}", is_key)],
    ),
    secret("amadeus", "AMADEUS_KEY", "an Amadeus key beside its name", &[keyed!("amadeus", "[A-Za-z0-9]{32}", is_key)]),
    secret(
        "bigcommerce",
        "BIGCOMMERCE_TOKEN",
        "a BigCommerce token beside its name",
        &[keyed!("big_?commerce|bigcommerce", "[a-z0-9]{31}", is_key)],
    ),
];
