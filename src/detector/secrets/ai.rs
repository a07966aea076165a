//! Models, and what is built around them: inference, embeddings, speech, search, tracing.

use super::check::{has_digit, is_hex_key, is_key, is_mixed_token, is_placeholder, is_token, is_uuid_key};
use super::shape::{dashed, keyed, secret, token, uuid, value_of};
use crate::detector::format::{Format, Shape};

pub(super) const FORMATS: &[Format] = &[
    secret(
        "openai",
        "OPENAI_KEY",
        "an OpenAI key (sk-…, sk-proj-…, sk-svcacct-…, sk-admin-…), or that of another provider in its form",
        &[
            Shape { valid: is_token, ..Shape::new(r"sk-(?:proj|svcacct|admin|None)-[A-Za-z0-9_-]{20,255}") },
            Shape { valid: is_plain_key, ..Shape::new(r"sk-[A-Za-z0-9]{20,64}") },
            token(r"sess-[A-Za-z0-9]{40}"),
        ],
    ),
    secret(
        "anthropic",
        "ANTHROPIC_KEY",
        "an Anthropic key (sk-ant-…)",
        &[Shape { valid: is_token, ..Shape::new(r"sk-ant-[a-z]{3,8}[0-9]{2}-[A-Za-z0-9_-]{20,255}") }],
    ),
    secret(
        "openrouter",
        "OPENROUTER_KEY",
        "an OpenRouter key (sk-or-…)",
        &[Shape { valid: is_token, ..Shape::new(r"sk-or-v[0-9]-[A-Za-z0-9]{20,255}") }],
    ),
    secret(
        "huggingface",
        "HUGGINGFACE_TOKEN",
        "a Hugging Face token (hf_…) or organisation key (api_org_…)",
        &[Shape { valid: is_token, ..Shape::new(r"hf_[A-Za-z0-9]{30,60}") }, token(r"api_org_[A-Za-z0-9]{34}")],
    ),
    secret(
        "cohere",
        "COHERE_KEY",
        "a Cohere key beside its name",
        &[keyed!("cohere|co_api_key", "[A-Za-z0-9]{40}", is_key)],
    ),
    secret("mistral", "MISTRAL_KEY", "a Mistral key beside its name", &[keyed!("mistral", "[A-Za-z0-9]{32}", is_key)]),
    secret("groq", "GROQ_KEY", "a Groq key (gsk_…)", &[token(r"gsk_[A-Za-z0-9]{52}")]),
    secret("perplexity", "PERPLEXITY_KEY", "a Perplexity key (pplx-…)", &[token(r"pplx-[A-Za-z0-9]{48,56}")]),
    secret("replicate", "REPLICATE_TOKEN", "a Replicate token (r8_…)", &[token(r"r8_[A-Za-z0-9]{37}")]),
    secret("xai", "XAI_KEY", "an xAI key (xai-…)", &[token(r"xai-[A-Za-z0-9]{80}")]),
    secret(
        "together",
        "TOGETHER_KEY",
        "a Together AI key (tgp_v1_…, or beside the name)",
        &[dashed(r"tgp_v1_[A-Za-z0-9_-]{43}"), keyed!("together", "[a-f0-9]{64}", is_hex_key)],
    ),
    secret(
        "fireworks",
        "FIREWORKS_KEY",
        "a Fireworks AI key (fw_…)",
        &[Shape { valid: is_mixed_token, ..token(r"fw_[A-Za-z0-9]{22,24}") }],
    ),
    secret("cerebras", "CEREBRAS_KEY", "a Cerebras key (csk-…)", &[token(r"csk-[a-z0-9]{48}")]),
    secret("nvidia", "NVIDIA_KEY", "an NVIDIA API key (nvapi-…)", &[dashed(r"nvapi-[A-Za-z0-9_-]{60,72}")]),
    secret(
        "zhipu",
        "ZHIPU_KEY",
        "a Zhipu (GLM) key beside its name",
        &[keyed!("zhipu|bigmodel|zai_api|glm_api", r"[a-f0-9]{32}\.[A-Za-z0-9]{16}", is_key)],
    ),
    secret(
        "qianfan",
        "QIANFAN_KEY",
        "a Baidu Qianfan key (bce-v3/ALTAK-…)",
        &[token(r"bce-v3/ALTAK-[A-Za-z0-9]{21}/[a-f0-9]{40}")],
    ),
    secret("friendli", "FRIENDLI_TOKEN", "a FriendliAI token (flp_…)", &[token(r"flp_[A-Za-z0-9]{46}")]),
    secret("runpod", "RUNPOD_KEY", "a RunPod key (rpa_…)", &[token(r"rpa_[A-Za-z0-9]{40,52}")]),
    secret(
        "modal",
        "MODAL_TOKEN",
        "a Modal token (ak-…, as-…)",
        &[Shape { valid: is_mixed_token, ..token(r"a[ks]-[A-Za-z0-9]{22}") }],
    ),
    secret(
        "privateai",
        "PRIVATEAI_KEY",
        "a Private AI key beside its name",
        &[keyed!("private[_-]?ai", "[a-z0-9]{32}", is_hex_key)],
    ),
    secret(
        "clarifai",
        "CLARIFAI_KEY",
        "a Clarifai key beside its name",
        &[keyed!("clarifai", "[a-f0-9]{32}", is_hex_key)],
    ),
    secret(
        "roboflow",
        "ROBOFLOW_KEY",
        "a Roboflow key beside its name",
        &[keyed!("roboflow", "[A-Za-z0-9]{20}", is_key)],
    ),
    secret(
        "voyage",
        "VOYAGE_KEY",
        "a Voyage AI key (pa-…)",
        &[Shape { valid: is_mixed_token, ..dashed(r"pa-[A-Za-z0-9_-]{43}") }],
    ),
    secret("jina", "JINA_KEY", "a Jina AI key (jina_…)", &[dashed(r"jina_[a-f0-9]{32}[A-Za-z0-9_-]{28}")]),
    secret(
        "pinecone",
        "PINECONE_KEY",
        "a Pinecone key (pcsk_…, or beside the name)",
        &[token(r"pcsk_[A-Za-z0-9]{5,6}_[A-Za-z0-9]{58,64}"), keyed!("pinecone", uuid!(), is_uuid_key)],
    ),
    secret(
        "elevenlabs",
        "ELEVENLABS_KEY",
        "an ElevenLabs key (sk_…, or beside the name)",
        &[token(r"sk_[a-f0-9]{48}"), keyed!("eleven_?labs|xi[_-]api", "[a-f0-9]{32}", is_hex_key)],
    ),
    secret(
        "deepgram",
        "DEEPGRAM_KEY",
        "a Deepgram key beside its name",
        &[keyed!("deepgram", "[a-f0-9]{40}", is_hex_key)],
    ),
    secret(
        "assemblyai",
        "ASSEMBLYAI_KEY",
        "an AssemblyAI key beside its name",
        &[keyed!("assembly_?ai", "[a-f0-9]{32}", is_hex_key)],
    ),
    secret(
        "deepl",
        "DEEPL_KEY",
        "a DeepL key beside its name (a UUID, :fx for the free API)",
        &[Shape {
            value: Some(|text| value_of(text.trim_end_matches(":fx")).start..text.len()),
            ..keyed!("deepl", concat!(uuid!(), "(?::fx)?"), is_uuid_key)
        }],
    ),
    secret(
        "langsmith",
        "LANGSMITH_KEY",
        "a LangSmith key (lsv2_pt_…, lsv2_sk_…)",
        &[token(r"lsv2_(?:pt|sk)_[a-f0-9]{32}_[a-f0-9]{10}")],
    ),
    secret("langfuse", "LANGFUSE_KEY", "a Langfuse secret key (sk-lf-…)", &[dashed(concat!("sk-lf-", uuid!()))]),
    secret("helicone", "HELICONE_KEY", "a Helicone key (sk-helicone-…)", &[dashed(r"sk-helicone-[a-z0-9-]{31}")]),
    secret(
        "wandb",
        "WANDB_KEY",
        "a Weights & Biases key (wandb_v1_…, or beside the name)",
        &[token(r"wandb_v1_[A-Za-z0-9_]{60,90}"), keyed!("wandb", "[a-f0-9]{40}", is_hex_key)],
    ),
    secret(
        "llamacloud",
        "LLAMACLOUD_KEY",
        "a LlamaCloud key (llx-…)",
        &[Shape { valid: is_mixed_token, ..token(r"llx-[A-Za-z0-9]{48}") }],
    ),
    secret(
        "dify",
        "DIFY_KEY",
        "a Dify key (app-…, dataset-…)",
        &[Shape { valid: is_mixed_token, ..token(r"(?:app|dataset)-[A-Za-z0-9]{24}") }],
    ),
    secret("cursor", "CURSOR_KEY", "a Cursor key (crsr_…, key_…)", &[token(r"(?:crsr|key)_[a-f0-9]{64}")]),
    secret("tavily", "TAVILY_KEY", "a Tavily key (tvly-…)", &[dashed(r"tvly-(?:dev-|prod-)?[A-Za-z0-9]{32}")]),
    secret("firecrawl", "FIRECRAWL_KEY", "a Firecrawl key (fc-…)", &[token(r"fc-[a-f0-9]{32}")]),
    secret("e2b", "E2B_KEY", "an E2B key (e2b_…)", &[token(r"e2b_[a-f0-9]{40}")]),
    secret("exa", "EXA_KEY", "an Exa key beside its name", &[keyed!("exa_api|exa_key|metaphor", uuid!(), is_uuid_key)]),
    secret(
        "serpapi",
        "SERPAPI_KEY",
        "a SerpApi key beside its name",
        &[keyed!("serp_?api", "[a-f0-9]{64}", is_hex_key)],
    ),
    secret(
        "brave",
        "BRAVE_KEY",
        "a Brave Search key (BSA…)",
        &[Shape { valid: is_mixed_token, ..dashed(r"BSA[A-Za-z0-9_-]{28}") }],
    ),
];

fn is_plain_key(text: &str) -> bool {
    has_digit(text) && !is_placeholder(text)
}
