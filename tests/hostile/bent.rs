//! The invariants that the fuzz targets assert, over messages that were bent out of shape.

use super::invariants;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

const REQUEST: &str = r#"{"model":"m","messages":[{"role":"system","content":"abc dab"},{"role":"user","content":[{"type":"text","text":"ghi"},{"type":"text","text":"jk \u00e9\ud83d\ude00"},{"type":"image_url","image_url":{"url":"data:,abc"}}]},{"role":"assistant","tool_calls":[{"id":"call_1","type":"function","function":{"name":"bad","arguments":"{\"cab\":\"a\\nbad \\u00e9\",\"n\":[1,\"ee\"]}"}}]},{"role":"tool","tool_call_id":"call_1","content":"dead beef"}],"tools":[{"type":"function","function":{"name":"bad","parameters":{"type":"object","properties":{"cab":{"enum":["ab","gh"]}}}}}],"metadata":{"de":"ce"},"stop":["a","b"]}"#;

const STREAM: &str = concat!(
    "data: {\"id\":\"1\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"a\"},\"logprobs\":{\"content\":[]}}]}\n\n",
    ": ping\n\n",
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"bc\\ud83d\"}},{\"index\":1,\"delta\":{\"content\":\"gh\"}}]}\n\n",
    "data: {\"choices\":[{\"index\":1,\"delta\":{\"content\":\"ijk g\"}},{\"index\":0,\"delta\":{\"content\":\"\\ude00 \\u00e9\"}}]}\r\n\r\n",
    "event: x\ndata: {\"choices\":[{\"index\":1,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"name\":\"bad\",\"arguments\":\"{\\\"a\\\": \"}}]}}]}\n\n",
    "data: {\"choices\":[{\"index\":1,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"\\\"cab\\\"}\"}}]},\"finish_reason\":\"tool_calls\"}]}\n\n",
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n",
);

const TEXT: &str = "Können Sie mir bitte sagen, wie ich die Adresse in meinem Konto ändern kann?\n```sql\nSELECT * FROM a;\n```\nWell: a, B A-c a b a d b a c b.\n\ndef add(a, b):\n    return a + b\n<div>一二三</div>\nDROP TABLE a;";

const VALUE: &str = r#"{"a":[1,0.30000000000000004,"a@b.example",["x",[],"x"]],"aa":{"a":{}},"b":"\ud83d\ude00"}"#;

const MESSAGES: &str = r#"{"model":"m","max_tokens":9,"system":[{"type":"text","text":"abc dab"}],"messages":[{"role":"user","content":[{"type":"text","text":"ghi"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"abcd"}},{"type":"document","title":"bad","source":{"type":"text","media_type":"text/plain","data":"dead \u00e9"}}]},{"role":"assistant","content":[{"type":"thinking","thinking":"cab ghi","signature":"abc="},{"type":"tool_use","id":"toolu_1","name":"bad","input":{"cab":"a\nbad \u00e9","n":[1,"ee"]}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","content":[{"type":"text","text":"beef"}]}]}],"tools":[{"name":"bad","input_schema":{"type":"object","properties":{"cab":{"enum":["ab","gh"]}}}}],"metadata":{"user_id":"ce"},"stop_sequences":["a","b"]}"#;

const MESSAGES_STREAM: &str = concat!(
    "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"model\":\"m\",\"content\":[]}}\n\n",
    "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"thinking\",\"thinking\":\"a\"}}\n\n",
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"thinking_delta\",\"thinking\":\"bc\\ud83d\"}}\n\n",
    "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n",
    "event: ping\ndata: {\"type\":\"ping\"}\n\n",
    "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"text\",\"text\":\"gh\"}}\n\n",
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"text_delta\",\"text\":\"ijk \\u00e9\"}}\n\n",
    "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":1}\n\n",
    "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":2,\"content_block\":{\"type\":\"tool_use\",\"id\":\"1\",\"name\":\"bad\",\"input\":{}}}\n\n",
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":2,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"a\\\": \\\"ca\"}}\n\n",
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":2,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"b\\\"}\"}}\n\n",
    "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":2}\n\n",
    "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":3,\"content_block\":{\"type\":\"tool_use\",\"id\":\"2\",\"name\":\"bad\",\"input\":{\"a\":[1,\"dab\"]}}}\n\n",
    "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":3}\n\n",
    "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\"},\"usage\":{\"output_tokens\":1}}\n\n",
    "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
);

const OLLAMA: &str = r#"{"model":"m","system":"abc","template":"{{ .bad }}","prompt":"dab \u00e9","context":[1,2],"images":["abcd"],"messages":[{"role":"user","content":"ghi","images":["abcd"]},{"role":"assistant","content":"","thinking":"cab","tool_calls":[{"function":{"name":"bad","arguments":{"cab":"a\nbad \u00e9","n":[1,"ee"]}}}]},{"role":"tool","tool_name":"bad","content":"dead beef"}],"tools":[{"type":"function","function":{"name":"bad","parameters":{"type":"object"}}}],"format":{"type":"object","properties":{"cab":{}}},"options":{"stop":["a","b"]}}"#;

const COHERE: &str = r#"{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"abc"},{"type":"document","document":{"id":"bad","data":{"cab":"dab"}}}]},{"role":"assistant","tool_plan":"ghi jk","tool_calls":[{"id":"1","type":"function","function":{"name":"bad","arguments":"{\"cab\":\"ee\"}"}}],"citations":[{"start":0,"end":3,"text":"abc","sources":[{"type":"document","id":"d","document":{"bad":"beef"}}]}]},{"role":"tool","tool_call_id":"1","content":[{"type":"document","document":{"data":"ghi"}}]}],"documents":["dead",{"id":"d","data":{"bad":"beef"}}],"inputs":"abc","texts":["dab","gh"],"stop_sequences":["ab"]}"#;

const OLLAMA_STREAM: &str = concat!(
    "{\"model\":\"m\",\"message\":{\"role\":\"assistant\",\"content\":\"a\",\"thinking\":\"gh\"},\"done\":false}\n",
    "{\"model\":\"m\",\"message\":{\"content\":\"bc\\ud83d\",\"thinking\":\"ijk g\"},\"done\":false}\n",
    "{\"model\":\"m\",\"message\":{\"content\":\"\\ude00 \\u00e9\"},\"logprobs\":[{\"token\":\"ab\"}],\"done\":false}\n",
    "{\"model\":\"m\",\"message\":{\"content\":\"\",\"tool_calls\":[{\"function\":{\"name\":\"bad\",\"arguments\":{\"a\":[1,\"cab\"]}}}]},\"done\":false}\r\n",
    "{\"model\":\"m\",\"response\":\"dab\",\"message\":{\"content\":\"ee\"},\"done\":true,\"done_reason\":\"stop\",\"context\":[1,2]}\n",
);

const COHERE_STREAM: &str = concat!(
    "event: message-start\ndata: {\"id\":\"1\",\"type\":\"message-start\",\"delta\":{\"message\":{\"role\":\"assistant\",\"content\":[],\"tool_plan\":\"\",\"tool_calls\":[],\"citations\":[]}}}\n\n",
    "event: tool-plan-delta\ndata: {\"type\":\"tool-plan-delta\",\"delta\":{\"message\":{\"tool_plan\":\"gh i\"}}}\n\n",
    "event: content-start\ndata: {\"type\":\"content-start\",\"index\":0,\"delta\":{\"message\":{\"content\":{\"type\":\"text\",\"text\":\"a\"}}}}\n\n",
    "event: content-delta\ndata: {\"type\":\"content-delta\",\"index\":0,\"delta\":{\"message\":{\"content\":{\"text\":\"bc\\ud83d\"}}}}\n\n",
    "event: citation-start\ndata: {\"type\":\"citation-start\",\"index\":0,\"delta\":{\"message\":{\"citations\":{\"start\":0,\"end\":1,\"text\":\"abc\",\"sources\":[{\"type\":\"document\",\"id\":\"d\",\"document\":{\"bad\":\"ee\"}}]}}}}\n\n",
    "event: content-end\ndata: {\"type\":\"content-end\",\"index\":0}\n\n",
    "event: tool-call-start\ndata: {\"type\":\"tool-call-start\",\"index\":0,\"delta\":{\"message\":{\"tool_calls\":{\"id\":\"1\",\"type\":\"function\",\"function\":{\"name\":\"bad\",\"arguments\":\"\"}}}}}\n\n",
    "event: tool-call-delta\ndata: {\"type\":\"tool-call-delta\",\"index\":0,\"delta\":{\"message\":{\"tool_calls\":{\"function\":{\"arguments\":\"{\\\"cab\\\":\\\"ee\\\"}\"}}}}}\n\n",
    "event: tool-call-end\ndata: {\"type\":\"tool-call-end\",\"index\":0}\n\n",
    "event: message-end\ndata: {\"type\":\"message-end\",\"delta\":{\"finish_reason\":\"TOOL_CALL\",\"usage\":{}}}\n\ndata: [DONE]\n\n",
);

const TGI_STREAM: &str = concat!(
    "data:{\"index\":1,\"token\":{\"id\":1,\"text\":\"a\",\"special\":false},\"generated_text\":null,\"details\":null}\n\n",
    "data:{\"index\":2,\"token\":{\"id\":2,\"text\":\"bc g\",\"special\":false},\"top_tokens\":[{\"text\":\"x\"}],\"generated_text\":null}\n\n",
    "data:{\"index\":3,\"token\":{\"id\":3,\"text\":\"hi\",\"special\":false},\"generated_text\":null}\n\n",
    "data:{\"index\":4,\"token\":{\"id\":4,\"text\":\"</s>\",\"special\":true},\"generated_text\":\"abc ghi\",\"details\":{\"finish_reason\":\"eos_token\"}}\n\n",
);
const GEMINI: &str = r#"{"systemInstruction":{"parts":[{"text":"abc dab"}]},"contents":[{"role":"user","parts":[{"text":"ghi"},{"inlineData":{"mimeType":"text/plain","data":"YmFkIGNhYiDDqQ=="}},{"inline_data":{"mime_type":"image/png","data":"abcd"}}]},{"role":"model","parts":[{"text":"cab ghi","thought":true,"thoughtSignature":"abc="},{"functionCall":{"name":"bad","args":{"cab":"a\nbad \u00e9","n":[1,"ee"]}}}]},{"parts":{"functionResponse":{"name":"bad","response":{"beef":"dead"}}}}],"tools":[{"functionDeclarations":[{"name":"bad","parameters":{"properties":{"cab":{"enum":["ab","gh"]}}}}]}],"generationConfig":{"candidateCount":2,"stopSequences":["a","b"]},"cachedContent":"cachedContents/ab","labels":{"de":"ce"}}"#;

const GEMINI_STREAM: &str = concat!(
    "data: {\"candidates\":[{\"index\":0,\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"ab\",\"thought\":true},{\"text\":\"a\"}]}}],\"responseId\":\"r\"}\r\n\r\n",
    "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"bc\\ud83d\"}]}},{\"index\":1,\"content\":{\"parts\":[{\"text\":\"gh\"}]}}]}\r\n\r\n",
    "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"\\ude00 \\u00e9\"},{\"text\":\"ij\"}]}}],\"usageMetadata\":{\"totalTokenCount\":3}}\r\n\r\n",
    "data: {\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"name\":\"bad\",\"args\":{\"a\":[1,\"dab\"]}}}]}}]}\r\n\r\n",
    "data: {\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"name\":\"ee\",\"willContinue\":true}}]}}]}\r\n\r\n",
    "data: {\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"partialArgs\":[{\"jsonPath\":\"$.a\",\"stringValue\":\"ca\",\"willContinue\":true}],\"willContinue\":true}}]}}]}\r\n\r\n",
    "data: {\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"partialArgs\":[{\"jsonPath\":\"$.a\",\"stringValue\":\"b\"}]}}]}}]}\r\n\r\n",
    "data: {\"candidates\":[{\"index\":1,\"content\":{\"parts\":[{\"text\":\"k gi\"}]},\"finishReason\":\"STOP\"},{\"finishReason\":\"STOP\",\"groundingMetadata\":{\"groundingSupports\":[{\"segment\":{\"text\":\"abc\"}}]}}]}\r\n\r\n",
);

const ARRAY: &str = "[{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a ]}\\\"\"}]}}]}\n,\r\n{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"b\\\\\"}]},\"finishReason\":\"STOP\"}]}\n,\r\n{\"usageMetadata\":{\"a\":[[]]}}\n]\n";

const RESPONSES: &str = r#"{"model":"m","instructions":"abc dab","input":[{"role":"user","content":[{"type":"input_text","text":"ghi"},{"type":"input_image","image_url":"data:,abc"}]},{"type":"function_call","call_id":"call_1","name":"bad","arguments":"{\"cab\":\"a\\nbad \\u00e9\",\"n\":[1,\"ee\"]}"},{"type":"function_call_output","call_id":"call_1","output":"dead beef"},{"type":"reasoning","summary":[{"type":"summary_text","text":"cab"}],"encrypted_content":"abcd"},{"type":"item_reference","id":"msg_1"}],"tools":[{"type":"function","name":"bad","parameters":{"type":"object","properties":{"cab":{"enum":["ab","gh"]}}}},{"type":"mcp","server_label":"cab","authorization":"abc","headers":{"a":"Bearer bad"}}],"previous_response_id":"resp_1","metadata":{"de":"ce"}}"#;

const RESPONSES_STREAM: &str = concat!(
    "event: response.created\ndata: {\"type\":\"response.created\",\"sequence_number\":0,\"response\":{\"id\":\"resp_1\",\"instructions\":\"bad\",\"output\":[]}}\n\n",
    "event: response.output_item.added\ndata: {\"type\":\"response.output_item.added\",\"sequence_number\":1,\"output_index\":0,\"item\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"content\":[]}}\n\n",
    "event: response.content_part.added\ndata: {\"type\":\"response.content_part.added\",\"sequence_number\":2,\"output_index\":0,\"content_index\":0,\"part\":{\"type\":\"output_text\",\"text\":\"\"}}\n\n",
    "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"sequence_number\":3,\"output_index\":0,\"content_index\":0,\"delta\":\"gh\"}\n\n",
    "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"sequence_number\":4,\"output_index\":0,\"content_index\":0,\"delta\":\"i bad\",\"logprobs\":[]}\n\n",
    "event: response.output_text.done\ndata: {\"type\":\"response.output_text.done\",\"sequence_number\":5,\"output_index\":0,\"content_index\":0,\"text\":\"ghi bad\"}\n\n",
    "event: response.content_part.done\ndata: {\"type\":\"response.content_part.done\",\"sequence_number\":6,\"output_index\":0,\"content_index\":0,\"part\":{\"type\":\"output_text\",\"text\":\"ghi bad\"}}\n\n",
    "event: response.output_item.done\ndata: {\"type\":\"response.output_item.done\",\"sequence_number\":7,\"output_index\":0,\"item\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"content\":[{\"type\":\"output_text\",\"text\":\"ghi bad\"}]}}\n\n",
    "event: response.output_item.added\ndata: {\"type\":\"response.output_item.added\",\"sequence_number\":8,\"output_index\":1,\"item\":{\"id\":\"tsc_1\",\"type\":\"tool_search_call\",\"arguments\":{}}}\n\n",
    "event: response.output_item.done\ndata: {\"type\":\"response.output_item.done\",\"sequence_number\":9,\"output_index\":1,\"item\":{\"id\":\"tsc_1\",\"type\":\"tool_search_call\",\"arguments\":{\"a\":[\"cab\"]}}}\n\n",
    "event: response.output_item.added\ndata: {\"type\":\"response.output_item.added\",\"sequence_number\":10,\"output_index\":2,\"item\":{\"id\":\"fc_1\",\"type\":\"function_call\",\"name\":\"bad\",\"arguments\":\"\"}}\n\n",
    "event: response.function_call_arguments.delta\ndata: {\"type\":\"response.function_call_arguments.delta\",\"sequence_number\":11,\"output_index\":2,\"delta\":\"{\\\"a\\\":\\\"ca\"}\n\n",
    "event: response.function_call_arguments.delta\ndata: {\"type\":\"response.function_call_arguments.delta\",\"sequence_number\":12,\"output_index\":2,\"delta\":\"b\\\"}\"}\n\n",
    "event: response.function_call_arguments.done\ndata: {\"type\":\"response.function_call_arguments.done\",\"sequence_number\":13,\"output_index\":2,\"arguments\":\"{\\\"a\\\":\\\"cab\\\"}\"}\n\n",
    "event: response.completed\ndata: {\"type\":\"response.completed\",\"sequence_number\":14,\"response\":{\"id\":\"resp_1\",\"instructions\":\"bad\",\"output\":[{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"content\":[{\"type\":\"output_text\",\"text\":\"ghi bad\"}]},{\"id\":\"tsc_1\",\"type\":\"tool_search_call\",\"arguments\":{\"a\":[\"cab\"]}},{\"id\":\"fc_1\",\"type\":\"function_call\",\"name\":\"bad\",\"arguments\":\"{\\\"a\\\":\\\"cab\\\"}\"}]}}\n\n",
);

/// What an attacker, or a broken server, puts between the bytes.
const PIECES: &[&str] = &[
    "\"",
    "\\",
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "null",
    "0",
    "-1e999",
    "\\u0061",
    "\\ud83d",
    "\\ude00",
    "\\n",
    "é",
    "😀",
    "ab",
    "gh i",
    "\u{feff}",
    "\0",
    "\n",
    "\r",
    "\r\n",
    "\n\n",
    "\r\r",
    "data: ",
    "data:",
    "data",
    ": ",
    "event: e\n",
    "\"content\":",
    "\"Content\":",
    "\"content\":\"ab\",",
    "\"role\":\"tool\",",
    "{\"content\":\"ab\"},",
    "\"index\":0,",
    "data: {\"choices\":[]}\n\n",
    "data: [DONE]\n\n",
    "data: {\n",
    "data: }\n",
    "\"logprobs\":{\"content\":[]},",
    "\"input\":{\"ab\":1},",
    "\"type\":\"tool_use\",",
    "\"type\":\"message_start\",",
    "\"type\":\"content_block_stop\",",
    "\"partial_json\":\"{\",",
    "\"done\":true,",
    "\"generated_text\":\"abc\",",
    "\"special\":true,",
    "\"citations\":[],",
    "\"type\":\"content-end\",",
    "\"thought\":true,",
    "\"parts\":[{\"text\":\"bad\"}],",
    "{\"functionCall\":{\"args\":{}}},",
    "\"willContinue\":true,",
    "\"mimeType\":\"text/csv\",",
    "\"output_index\":1,",
    "\"type\":\"response.output_text.done\",",
    "\"type\":\"response.output_item.added\",",
    "\"type\":\"item_reference\",",
];

const CONDITION: &str = r#"args.amount <= 100 && !(args.to in ["a", "b"]) || args.items.all(x, x.price * 2 < 5.5 && x.name.matches("^[a-z]+$"))
{"amount": 50, "to": "c", "items": [{"price": 2, "name": "a"}], "headers": {"a": "b"}, "vars": {}}"#;

/// A message with a few places overwritten: (where, how many bytes go, what comes).
fn bent(message: &'static str) -> impl Strategy<Value = Vec<u8>> {
    let edit = (0..message.len(), 0..6usize, select(PIECES));
    vec(edit, 0..6).prop_map(move |edits| {
        let mut bytes = message.as_bytes().to_vec();
        for (at, gone, piece) in edits {
            let at = at.min(bytes.len());
            bytes.splice(at..(at + gone).min(bytes.len()), piece.bytes());
        }
        bytes
    })
}

fn cut(stream: impl Strategy<Value = Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    (1..40u8, stream).prop_map(|(step, stream)| [vec![step], stream].concat())
}

/// About a second each, unless `PROPTEST_CASES` says otherwise.
fn config() -> ProptestConfig {
    let default = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if std::env::var_os("PROPTEST_CASES").is_some() { default } else { ProptestConfig { cases: 4000, ..default } }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn json(data in prop_oneof![bent(REQUEST), vec(any::<u8>(), 0..40)]) {
        invariants::json(&data);
    }

    #[test]
    fn sse(data in cut(prop_oneof![bent(STREAM), vec(select(PIECES), 0..20).prop_map(|p| p.concat().into_bytes())])) {
        invariants::sse(&data);
    }

    #[test]
    fn chat_request(data in bent(REQUEST)) {
        invariants::chat_request(&data);
    }

    #[test]
    fn chat_stream(data in cut(bent(STREAM))) {
        invariants::chat_stream(&data);
    }

    #[test]
    fn cel(data in bent(CONDITION)) {
        invariants::cel(&data);
    }

    #[test]
    fn policy(data in bent(include_str!("../../policies/demo.yaml"))) {
        invariants::policy(&data);
    }

    #[test]
    fn windows(data in prop_oneof![bent(REQUEST), vec(select(PIECES), 0..200).prop_map(|p| p.concat().into_bytes())]) {
        invariants::windows(&data);
    }

    #[test]
    fn whole(data in cut(prop_oneof![bent(TEXT), bent(VALUE), vec(select(PIECES), 0..40).prop_map(|p| p.concat().into_bytes())])) {
        invariants::whole(&data);
    }

    #[test]
    fn anthropic_request(data in bent(MESSAGES)) {
        invariants::anthropic_request(&data);
    }

    #[test]
    fn anthropic_stream(data in cut(bent(MESSAGES_STREAM))) {
        invariants::anthropic_stream(&data);
    }

    #[test]
    fn other_request(data in cut(prop_oneof![bent(OLLAMA), bent(COHERE)])) {
        invariants::other_request(&data);
    }

    #[test]
    fn ollama_stream(data in cut(bent(OLLAMA_STREAM))) {
        invariants::ollama_stream(&data);
    }

    #[test]
    fn cohere_stream(data in cut(bent(COHERE_STREAM))) {
        invariants::cohere_stream(&data);
    }

    #[test]
    fn tgi_stream(data in cut(bent(TGI_STREAM))) {
        invariants::tgi_stream(&data);
    }

    #[test]
    fn gemini_request(data in bent(GEMINI)) {
        invariants::gemini_request(&data);
    }

    #[test]
    fn gemini_stream(data in cut(bent(GEMINI_STREAM))) {
        invariants::gemini_stream(&data);
    }

    #[test]
    fn json_array(data in cut(prop_oneof![bent(ARRAY), vec(select(PIECES), 0..20).prop_map(|p| p.concat().into_bytes())])) {
        invariants::json_array(&data);
    }

    #[test]
    fn responses_request(data in bent(RESPONSES)) {
        invariants::responses_request(&data);
    }

    #[test]
    fn responses_stream(data in cut(bent(RESPONSES_STREAM))) {
        invariants::responses_stream(&data);
    }
}
