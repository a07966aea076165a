//! Payments, banks and exchanges.

use super::check::{is_hex_key, is_key, is_mixed_token, is_token, is_uuid_key};
use super::shape::{dashed, keyed, secret, token, uuid};
use crate::detector::format::{Format, Shape};

pub(super) const FORMATS: &[Format] = &[
    secret(
        "stripe",
        "STRIPE_KEY",
        "a Stripe key (sk_live_…, rk_live_…, also test) or webhook secret (whsec_…)",
        &[
            Shape { valid: is_token, ..Shape::new(r"[sr]k_(?:live|test|prod)_[A-Za-z0-9]{16,250}") },
            Shape { valid: is_token, ..Shape::new(r"whsec_[A-Za-z0-9]{32,64}") },
        ],
    ),
    secret(
        "square",
        "SQUARE_TOKEN",
        "a Square token (EAAA…, sq0atp-…) or secret (sq0csp-…)",
        &[
            dashed(r"sq0(?:atp|csp|idp)-[A-Za-z0-9_-]{22,60}"),
            Shape { valid: is_mixed_token, ..dashed(r"EAAA[A-Za-z0-9_-]{56,60}") },
        ],
    ),
    secret(
        "paypal",
        "PAYPAL_SECRET",
        "a PayPal or Braintree access token (access_token$…), or a client secret beside the name",
        &[
            Shape { valid: is_hex_key, ..token(r"access_token\$(?:production|sandbox)\$[0-9a-z]{16}\$[0-9a-f]{32}") },
            keyed!("paypal", "E[A-Za-z0-9_-]{79}", is_key),
        ],
    ),
    secret(
        "braintree",
        "BRAINTREE_KEY",
        "a Braintree private key beside its name",
        &[keyed!("braintree|bt_private", "[0-9a-f]{32}", is_hex_key)],
    ),
    secret(
        "plaid",
        "PLAID_KEY",
        "a Plaid access token (access-production-…), or a client id or secret beside the name",
        &[
            dashed(concat!("access-(?:sandbox|development|production)-", uuid!())),
            keyed!("plaid", "(?:[a-z0-9]{24}|[a-z0-9]{30})", is_hex_key),
        ],
    ),
    secret(
        "adyen",
        "ADYEN_KEY",
        "an Adyen API key (AQE…)",
        &[token(
            r"AQE[A-Za-z0-9]{5,10}[A-Za-z0-9+/]{40,200}={0,2}(?:-[A-Za-z0-9+/]{30,60}=?)?(?:-[A-Za-z0-9]{10,20})?",
        )],
    ),
    secret(
        "razorpay",
        "RAZORPAY_KEY",
        "a Razorpay key (rzp_live_…, rzp_test_…)",
        &[Shape { valid: is_mixed_token, ..token(r"rzp_(?:live|test)_[A-Za-z0-9]{14}") }],
    ),
    secret(
        "flutterwave",
        "FLUTTERWAVE_KEY",
        "a Flutterwave key (FLWSECK-…, FLWPUBK_TEST-…)",
        &[token(r"FLW(?:SECK|PUBK)(?:_TEST)?-[a-h0-9]{32}-X"), token(r"FLWSECK_TEST-?[a-h0-9]{12}")],
    ),
    secret(
        "gocardless",
        "GOCARDLESS_TOKEN",
        "a GoCardless token (live_…)",
        &[keyed!("gocardless", "(?:live|sandbox)_[A-Za-z0-9_=-]{40}", is_key)],
    ),
    secret(
        "mollie",
        "MOLLIE_KEY",
        "a Mollie key (live_…, test_…) beside its name",
        &[keyed!("mollie", "(?:live|test)_[A-Za-z0-9]{30}", is_key)],
    ),
    secret(
        "paddle",
        "PADDLE_KEY",
        "a Paddle key (pdl_live_apikey_…)",
        &[token(r"pdl_(?:live|sdbx)_apikey_[a-z0-9]{26}_[A-Za-z0-9]{22}_[A-Za-z0-9]{3}")],
    ),
    secret(
        "chargebee",
        "CHARGEBEE_KEY",
        "a Chargebee key (live_…, test_…) beside its name",
        &[keyed!("chargebee", "(?:live|test)_[A-Za-z0-9]{24,40}", is_key)],
    ),
    secret(
        "finicity",
        "FINICITY_KEY",
        "a Finicity key or secret beside its name",
        &[keyed!("finicity", "[a-f0-9]{32}", is_hex_key), keyed!("finicity", "[A-Za-z0-9]{20}", is_key)],
    ),
    secret(
        "freshbooks",
        "FRESHBOOKS_TOKEN",
        "a FreshBooks token beside its name",
        &[keyed!("freshbooks", "[a-z0-9]{64}", is_hex_key)],
    ),
    secret(
        "coinbase",
        "COINBASE_KEY",
        "a Coinbase key beside its name",
        &[keyed!("coinbase", "[A-Za-z0-9_-]{64}", is_hex_key)],
    ),
    secret("binance", "BINANCE_KEY", "a Binance key beside its name", &[keyed!("binance", "[A-Za-z0-9]{64}", is_key)]),
    secret(
        "kraken",
        "KRAKEN_KEY",
        "a Kraken key beside its name",
        &[keyed!("kraken", "[A-Za-z0-9/+]{56,88}={0,2}", is_key)],
    ),
    secret(
        "bittrex",
        "BITTREX_KEY",
        "a Bittrex key or secret beside its name",
        &[keyed!("bittrex", "[a-z0-9]{32}", is_hex_key)],
    ),
    secret(
        "kucoin",
        "KUCOIN_KEY",
        "a KuCoin key or secret beside its name",
        &[keyed!("kucoin", "[a-f0-9]{24}", is_hex_key), keyed!("kucoin", uuid!(), is_uuid_key)],
    ),
    secret("finnhub", "FINNHUB_KEY", "a Finnhub key beside its name", &[keyed!("finnhub", "[a-z0-9]{20}", is_key)]),
    secret(
        "etherscan",
        "ETHERSCAN_KEY",
        "an Etherscan key beside its name",
        &[keyed!("(?:ether|bsc|polygon)scan", "[A-Z0-9]{34}", is_key)],
    ),
    secret(
        "infura",
        "INFURA_KEY",
        "an Infura key beside its name or in its URL",
        &[
            keyed!("infura", "[0-9a-f]{32}", is_hex_key),
            Shape {
                value: Some(|text| text.rfind('/').map_or(0, |at| at + 1)..text.len()),
                valid: is_hex_key,
                ..token(r"infura\.io/v3/[0-9a-f]{32}")
            },
        ],
    ),
    secret(
        "alchemy",
        "ALCHEMY_KEY",
        "an Alchemy key beside its name or in its URL",
        &[
            keyed!("alchemy", "[A-Za-z0-9_-]{32}", is_key),
            Shape {
                value: Some(|text| text.rfind('/').map_or(0, |at| at + 1)..text.len()),
                valid: is_key,
                ..dashed(r"g\.alchemy\.com/v2/[A-Za-z0-9_-]{32}")
            },
        ],
    ),
];
