//! Sending mail and campaigns.

use super::check::{is_hex_key, is_key, is_mixed_token, is_token, is_uuid_key};
use super::shape::{dashed, keyed, secret, token, uuid};
use crate::detector::format::{Format, Shape};

pub(super) const FORMATS: &[Format] = &[
    secret(
        "sendgrid",
        "SENDGRID_KEY",
        "a SendGrid key (SG.….…)",
        &[Shape { valid: is_token, ..Shape::new(r"SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{32,64}") }],
    ),
    secret(
        "mailgun",
        "MAILGUN_KEY",
        "a Mailgun key (key-…, pubkey-…) or signing key beside the name",
        &[token(r"(?:pub)?key-[a-f0-9]{32}"), keyed!("mailgun", "[a-h0-9]{32}-[a-h0-9]{8}-[a-h0-9]{8}", is_hex_key)],
    ),
    secret(
        "mailchimp",
        "MAILCHIMP_KEY",
        "a Mailchimp key (…-us12)",
        &[keyed!("mail_?chimp|api_?key", "[a-f0-9]{32}-us[0-9]{1,2}", is_hex_key)],
    ),
    secret(
        "mandrill",
        "MANDRILL_KEY",
        "a Mandrill key (md-…)",
        &[Shape { valid: is_mixed_token, ..dashed(r"md-[A-Za-z0-9_-]{22}") }],
    ),
    secret(
        "brevo",
        "BREVO_KEY",
        "a Brevo (Sendinblue) key (xkeysib-…, xsmtpsib-…)",
        &[token(r"x(?:key|smtp)sib-[a-f0-9]{64}-[A-Za-z0-9]{16}")],
    ),
    secret(
        "postmark",
        "POSTMARK_TOKEN",
        "a Postmark server token beside its name",
        &[keyed!("postmark", uuid!(), is_uuid_key)],
    ),
    secret(
        "sparkpost",
        "SPARKPOST_KEY",
        "a SparkPost key beside its name",
        &[keyed!("sparkpost", "[a-f0-9]{40}", is_hex_key)],
    ),
    secret(
        "resend",
        "RESEND_KEY",
        "a Resend key (re_…)",
        &[Shape { valid: is_mixed_token, ..token(r"re_[A-Za-z0-9]{8}_[A-Za-z0-9]{24}") }],
    ),
    secret("klaviyo", "KLAVIYO_KEY", "a Klaviyo private key (pk_…)", &[token(r"pk_[a-f0-9]{34}")]),
    secret(
        "mailjet",
        "MAILJET_KEY",
        "a Mailjet key or secret beside its name",
        &[keyed!("mailjet", "[a-f0-9]{32}", is_hex_key)],
    ),
    secret(
        "convertkit",
        "CONVERTKIT_KEY",
        "a Kit (ConvertKit) secret beside its name",
        &[keyed!("convert_?kit", "[A-Za-z0-9_-]{43}", is_key)],
    ),
    secret(
        "beamer",
        "BEAMER_TOKEN",
        "a Beamer token (b_…) beside its name",
        &[keyed!("beamer", "b_[A-Za-z0-9=_-]{44}", is_key)],
    ),
];
