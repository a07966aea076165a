//! Tokens with their issuer's prefix.

use crate::detector::format::{Format, Shape, WORD};
use crate::detector::{AsciiSet, Edges};

pub(super) const GITHUB: Format = format(
    "github",
    "GITHUB_TOKEN",
    "a GitHub token (ghp_, gho_, ghu_, ghs_, ghr_, github_pat_)",
    &[Shape::new(r"gh[pousr]_[A-Za-z0-9]{36,255}"), Shape::new(r"github_pat_[A-Za-z0-9_]{22,255}")],
);

pub(super) const GITLAB: Format = format(
    "gitlab",
    "GITLAB_TOKEN",
    "a GitLab token (glpat- and its relatives)",
    &[Shape::new(r"gl(?:pat|oas|dt|rt|cbt|ptt|ft|imt|agent|soat|ffct)-[A-Za-z0-9_-]{20,255}")],
);

pub(super) const OPENAI: Format = format(
    "openai",
    "OPENAI_KEY",
    "an OpenAI key (sk-…, sk-proj-…, sk-svcacct-…, sk-admin-…)",
    &[
        Shape::new(r"sk-(?:proj|svcacct|admin|None)-[A-Za-z0-9_-]{20,255}"),
        Shape { valid: has_digit, ..Shape::new(r"sk-[A-Za-z0-9]{20,64}") },
    ],
);

pub(super) const ANTHROPIC: Format = format(
    "anthropic",
    "ANTHROPIC_KEY",
    "an Anthropic key (sk-ant-…)",
    &[Shape::new(r"sk-ant-[a-z]{3,8}[0-9]{2}-[A-Za-z0-9_-]{20,255}")],
);

pub(super) const OPENROUTER: Format = format(
    "openrouter",
    "OPENROUTER_KEY",
    "an OpenRouter key (sk-or-…)",
    &[Shape::new(r"sk-or-v[0-9]-[A-Za-z0-9]{20,255}")],
);

pub(super) const GOOGLE: Format = format(
    "google",
    "GOOGLE_API_KEY",
    "a Google API key (AIza…) or OAuth secret (GOCSPX-…)",
    &[Shape::new(r"AIza[0-9A-Za-z_-]{35}"), Shape::new(r"GOCSPX-[0-9A-Za-z_-]{28}")],
);

pub(super) const SLACK: Format = format(
    "slack",
    "SLACK_TOKEN",
    "a Slack token (xoxb-…, xapp-…) or incoming webhook",
    &[
        Shape::new(r"xox[abeoprs]-[A-Za-z0-9-]{10,250}"),
        Shape::new(r"xapp-[0-9]-[A-Za-z0-9-]{10,250}"),
        Shape::new(r"(?i:https://hooks\.slack\.com)/(?:services|workflows|triggers)/[A-Za-z0-9/_-]{20,250}"),
    ],
);

pub(super) const STRIPE: Format = format(
    "stripe",
    "STRIPE_KEY",
    "a Stripe key (sk_live_…, rk_live_…, also test) or webhook secret (whsec_…)",
    &[Shape::new(r"[sr]k_(?:live|test)_[A-Za-z0-9]{16,250}"), Shape::new(r"whsec_[A-Za-z0-9]{32,64}")],
);

pub(super) const HUGGINGFACE: Format =
    format("huggingface", "HUGGINGFACE_TOKEN", "a Hugging Face token (hf_…)", &[Shape::new(r"hf_[A-Za-z0-9]{30,60}")]);

pub(super) const NPM: Format =
    format("npm", "NPM_TOKEN", "an npm token (npm_…)", &[Shape::new(r"npm_[A-Za-z0-9]{36}")]);

pub(super) const PYPI: Format =
    format("pypi", "PYPI_TOKEN", "a PyPI token (pypi-AgE…)", &[Shape::new(r"pypi-AgE[A-Za-z0-9_-]{50,1000}")]);

pub(super) const SENDGRID: Format = format(
    "sendgrid",
    "SENDGRID_KEY",
    "a SendGrid key (SG.….…)",
    &[Shape::new(r"SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{32,64}")],
);

pub(super) const TWILIO: Format = format(
    "twilio",
    "TWILIO_KEY",
    "a Twilio API key (SK and 32 hex digits)",
    &[Shape { edges: Edges { before: WORD, after: WORD }, valid: has_digit, ..Shape::new(r"SK[0-9a-f]{32}") }],
);

/// A format that is always looked for. Only letters and digits before it are in the way: `…=sk-…` and `"sk-…` are not.
const fn format(name: &'static str, entity: &'static str, summary: &'static str, shapes: &'static [Shape]) -> Format {
    Format { name, entity, summary, usual: true, shapes }
}

fn has_digit(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_digit())
}

/// Shared with [`super::key`]: what may stand in base64, URL-safe or not.
pub(super) const BASE64: AsciiSet = AsciiSet::new("A-Za-z0-9+/_=-");
