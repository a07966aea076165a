//! Data by API: maps, weather, markets, threats.

use super::check::{is_hex_key, is_key, is_uuid_key};
use super::shape::{keyed, secret, token, uuid};
use crate::detector::format::Format;

pub(super) const FORMATS: &[Format] = &[
    secret(
        "maxmind",
        "MAXMIND_KEY",
        "a MaxMind licence key (…_mmk) beside its name",
        &[keyed!("maxmind|geoip|license_?key", "[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk", is_key)],
    ),
    secret(
        "openweather",
        "OPENWEATHER_KEY",
        "an OpenWeather key beside its name",
        &[keyed!("open_?weather|owm_|appid", "[a-f0-9]{32}", is_hex_key)],
    ),
    secret("foursquare", "FOURSQUARE_KEY", "a Foursquare key (fsq3…)", &[token(r"fsq3[A-Za-z0-9+/]{44}=?")]),
    secret(
        "alphavantage",
        "ALPHAVANTAGE_KEY",
        "an Alpha Vantage key beside its name",
        &[keyed!("alpha_?vantage", "[A-Z0-9]{16}", is_key)],
    ),
    secret("shodan", "SHODAN_KEY", "a Shodan key beside its name", &[keyed!("shodan", "[A-Za-z0-9]{32}", is_key)]),
    secret(
        "virustotal",
        "VIRUSTOTAL_KEY",
        "a VirusTotal key beside its name",
        &[keyed!("virus_?total|vt_api", "[a-f0-9]{64}", is_hex_key)],
    ),
    secret(
        "abuseipdb",
        "ABUSEIPDB_KEY",
        "an AbuseIPDB key beside its name",
        &[keyed!("abuse_?ipdb", "[a-f0-9]{80}", is_hex_key)],
    ),
    secret("urlscan", "URLSCAN_KEY", "an urlscan.io key beside its name", &[keyed!("url_?scan", uuid!(), is_uuid_key)]),
    secret(
        "newsapi",
        "NEWSAPI_KEY",
        "a News API key beside its name",
        &[keyed!("news_?api", "[a-f0-9]{32}", is_hex_key)],
    ),
    secret(
        "coinmarketcap",
        "COINMARKETCAP_KEY",
        "a CoinMarketCap key beside its name",
        &[keyed!("coin_?market_?cap|cmc_pro|cmc_api", uuid!(), is_uuid_key)],
    ),
];
