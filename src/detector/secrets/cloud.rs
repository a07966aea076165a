//! Cloud platforms: what opens a whole account.

use super::check::{entropy, has_digit, is_hex_key, is_key, is_placeholder, is_token, is_uuid_key};
use super::shape::{BASE64, dashed, keyed, secret, token, uuid, value_of};
use crate::detector::Edges;
use crate::detector::format::{Format, Shape, WORD};

pub(super) const FORMATS: &[Format] = &[
    secret(
        "aws",
        "AWS_KEY",
        "an AWS access key (AKIA…, ASIA…), the secret or session token that goes with it, or a Bedrock or MWS key",
        &[
            Shape { valid: |text| !is_placeholder(text), ..token(r"(?:AKIA|ASIA|ABIA|ACCA|A3T[A-Z0-9])[A-Z0-9]{16}") },
            Shape {
                valid: is_aws_secret,
                edges: Edges { before: WORD, after: BASE64 },
                value: Some(super::generic::value_of),
                ..Shape::new(concat!(
                    r#"(?i:aws_?secret_?(?:access_?)?key|secret_?access_?key|aws secret(?: access)? key)["'`]?[ \t]{0,8}"#,
                    r#"(?:=>|:=|=|:| is)[ \t]{0,8}["'`]?[A-Za-z0-9/+]{40}"#
                ))
            },
            keyed!(
                "aws_?session|session_?token|security_?token",
                "(?:FwoG|IQoJ|FQoG)[A-Za-z0-9+/]{100,1000}={0,2}",
                is_key
            ),
            token(r"ABSK[A-Za-z0-9+/]{109,269}={0,2}"),
            token(concat!(r"amzn\.mws\.", uuid!())),
        ],
    ),
    secret(
        "azure",
        "AZURE_KEY",
        "a key of Azure: a client secret (…Q~…), a storage or bus key, a signature (sig=…), a DevOps or Azure AI key",
        &[
            keyed!(
                "azure|client[_-]?secret|arm_client",
                r"[A-Za-z0-9_~.]{3}[0-9]Q~[A-Za-z0-9_~.-]{30,33}[A-Za-z0-9_~-]",
                is_key
            ),
            keyed!("account_?key|shared_?access_?key|storage_?key|azure", "[A-Za-z0-9+/]{86}==", is_key),
            keyed!("shared_?access_?key|azure", "[A-Za-z0-9+/]{43}=", is_key),
            Shape { value: Some(value_of), ..token("sig=[A-Za-z0-9%]{43,80}%3[Dd]") },
            keyed!("azure|cognitive|speech_?key", "[0-9a-f]{32}", is_hex_key),
            keyed!("azure|devops|vsts", "(?:[a-z2-7]{52}|[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4})", is_key),
            keyed!("azure|cognitive|speech_?key", "[A-Za-z0-9]{52}JQQJ99[A-Za-z0-9]{26}", is_key),
        ],
    ),
    secret(
        "google",
        "GOOGLE_API_KEY",
        "a Google API key (AIza…), OAuth secret (GOCSPX-…) or OAuth token (ya29.…, 1//0…)",
        &[
            Shape { valid: is_token, ..Shape::new(r"AIza[0-9A-Za-z_-]{35}") },
            Shape { valid: is_token, ..Shape::new(r"GOCSPX-[0-9A-Za-z_-]{28}") },
            dashed(r"ya29\.[0-9A-Za-z_-]{30,500}"),
            dashed(r"1//0[0-9A-Za-z_-]{40,120}"),
            dashed(r"AQ\.Ab8[0-9A-Za-z_-]{40,60}"),
        ],
    ),
    secret(
        "alibaba",
        "ALIBABA_KEY",
        "an Alibaba Cloud access key (LTAI…) or the secret beside its name",
        &[token(r"LTAI[A-Za-z0-9]{12,20}"), keyed!("alibaba|aliyun|alicloud", "[A-Za-z0-9]{30}", is_key)],
    ),
    secret(
        "tencent",
        "TENCENT_KEY",
        "a Tencent Cloud secret id (AKID…) or the secret beside its name",
        &[token(r"AKID[A-Za-z0-9]{32}"), keyed!("tencent|qcloud", "[A-Za-z0-9]{32}", is_key)],
    ),
    secret(
        "volcengine",
        "VOLCENGINE_KEY",
        "a Volcengine access key (AKLT…)",
        &[token(r"AKLT[A-Za-z0-9]{40,60}={0,2}")],
    ),
    secret(
        "yandex",
        "YANDEX_KEY",
        "a Yandex Cloud API key (AQVN…), IAM or OAuth token (t1.…, y0_…) or static key (YC…)",
        &[
            dashed(r"AQVN[A-Za-z0-9_-]{35,38}"),
            dashed(r"t1\.[A-Za-z0-9_-]{20,400}={0,2}\.[A-Za-z0-9_-]{86}={0,2}"),
            dashed(r"y[0-3]_[A-Za-z0-9_-]{55,62}"),
            keyed!("yandex", "YC[A-Za-z0-9_-]{38}", is_key),
        ],
    ),
    secret(
        "ibm",
        "IBM_KEY",
        "an IBM Cloud API key beside its name",
        &[keyed!("ibm_?cloud|ibm|watson|bluemix", "[A-Za-z0-9_-]{44}", is_key)],
    ),
    secret(
        "digitalocean",
        "DIGITALOCEAN_TOKEN",
        "a DigitalOcean token (dop_v1_…, doo_v1_…, dor_v1_…) or Spaces key",
        &[
            token(r"do[opr]_v1_[a-f0-9]{64}"),
            token(r"DO00[A-Z0-9]{16}"),
            keyed!("digital_?ocean|spaces", "[A-Za-z0-9/+]{43}", is_key),
        ],
    ),
    secret(
        "hetzner",
        "HETZNER_TOKEN",
        "a Hetzner Cloud token beside its name",
        &[keyed!("hetzner|hcloud", "[A-Za-z0-9]{64}", is_key)],
    ),
    secret("linode", "LINODE_TOKEN", "a Linode token beside its name", &[keyed!("linode", "[a-f0-9]{64}", is_hex_key)]),
    secret("vultr", "VULTR_KEY", "a Vultr API key beside its name", &[keyed!("vultr", "[A-Z0-9]{36}", is_key)]),
    secret(
        "scaleway",
        "SCALEWAY_KEY",
        "a Scaleway access key (SCW…) or the secret beside its name",
        &[token(r"SCW[A-Z0-9]{17}"), keyed!("scaleway|scw_", uuid!(), is_uuid_key)],
    ),
    secret(
        "ovh",
        "OVH_KEY",
        "an OVHcloud application secret or consumer key beside its name",
        &[keyed!("ovh_|ovhcloud|ovh\\.", "[A-Za-z0-9]{32}", is_key)],
    ),
];

fn is_aws_secret(value: &str) -> bool {
    entropy(value) >= 3.5 && has_digit(value) && !is_placeholder(value)
}
