//! What a classifier costs through the proxy, beside the least that it can cost: tokenisation and one run of the graph.
//!
//! Both judge the same texts, one window each, none of them twice. Rounds take turns, and the ratio is taken within a
//! round, so that a machine whose speed drifts spoils neither. Prints one line of JSON.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a benchmark stops at any fault")]

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use ort::session::Session;
use ort::session::builder::GraphOptimizationLevel;
use ort::value::TensorRef;
use serde_json::json;
use tokenizers::Tokenizer;

const ROUNDS: usize = 7;
const TEXTS: usize = 120;
/// Clock ticks a second, which Linux fixes for what `/proc` shows.
const TICKS: f64 = 100.0;

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut bare = Bare::new(root);
    let mut standin = Process::start(&["standin", "--listen", "127.0.0.1:0"]);
    let upstream = standin.url();
    // Nothing is enforced: what the model makes of word salad is no matter here, and the work is the same.
    let policy = ["serve", "--listen", "127.0.0.1:0", "--policy", "default", "--shadow", "--upstream", &upstream];
    let mut proxy = Process::start(&policy);
    let url = format!("{}/v1/chat/completions", proxy.url());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let client = reqwest::Client::new();

    let (mut alone, mut through) = (Vec::new(), Vec::new());
    // Round 0 warms up: connections, caches of the allocator, the graph's first runs.
    for round in 0..=ROUNDS {
        let texts: Vec<String> = (0..TEXTS).map(|text| sentence(round * TEXTS + text)).collect();
        let before = cpu_ticks("self");
        for text in &texts {
            bare.judge(text);
        }
        let own = cpu_ticks("self") - before;
        let before = cpu_ticks(&proxy.id());
        runtime.block_on(async {
            for text in &texts {
                send(&client, &url, text).await;
            }
        });
        let proxied = cpu_ticks(&proxy.id()) - before;
        if round > 0 {
            let each = |ticks: u64| ticks as f64 / TICKS * 1e3 / TEXTS as f64;
            alone.push(each(own));
            through.push(each(proxied));
        }
    }
    println!("{}", json!({ "bare_ms": alone, "proxy_ms": through, "tokens": bare.tokens, "target": 1.15 }));
}

/// One session and one tokenizer, used as plainly as can be.
struct Bare {
    session: Session,
    tokenizer: Tokenizer,
    tokens: usize,
}

impl Bare {
    fn new(root: &Path) -> Bare {
        let library = std::env::var_os("ORT_DYLIB_PATH")
            .map_or_else(|| root.join(".runtime/onnxruntime/libonnxruntime.so"), Into::into);
        let environment = ort::init_from(library).unwrap().with_telemetry(false).build().unwrap();
        let session = Session::builder(&environment)
            .unwrap()
            .with_optimization_level(GraphOptimizationLevel::All)
            .unwrap()
            .with_intra_threads(1)
            .unwrap()
            .commit_from_file(root.join("models/guard/model.onnx"))
            .unwrap();
        let tokenizer = Tokenizer::from_file(root.join("models/guard/tokenizer.json")).unwrap();
        Bare { session, tokenizer, tokens: 0 }
    }

    fn judge(&mut self, text: &str) {
        let encoding = self.tokenizer.encode(text, true).unwrap();
        let wide = |values: &[u32]| values.iter().map(|value| i64::from(*value)).collect::<Vec<i64>>();
        let (ids, mask) = (wide(encoding.get_ids()), wide(encoding.get_attention_mask()));
        let types = wide(encoding.get_type_ids());
        self.tokens = ids.len();
        let shape = [1, ids.len()];
        let mut inputs = Vec::new();
        for input in self.session.inputs() {
            let values = match input.name() {
                "input_ids" => &ids,
                "attention_mask" => &mask,
                _ => &types,
            };
            inputs.push((input.name().to_owned(), TensorRef::from_array_view((shape, values.as_slice())).unwrap()));
        }
        let outputs = self.session.run(inputs).unwrap();
        let (_, logits) = outputs["logits"].try_extract_tensor::<f32>().unwrap();
        assert_eq!(logits.len(), 2);
    }
}

/// A harmless text of some hundred tokens, another one for each number.
fn sentence(number: usize) -> String {
    const WORDS: [&str; 12] = [
        "river", "garden", "window", "morning", "letter", "bridge", "kitchen", "summer", "station", "paper", "village",
        "music",
    ];
    let mut text = format!("Please help me with note {number} about the");
    let mut state = number;
    for _ in 0..85 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        text.push(' ');
        text.push_str(WORDS[(state >> 33) % WORDS.len()]);
    }
    text
}

async fn send(client: &reqwest::Client, url: &str, text: &str) {
    let body = json!({ "model": "stand-in", "messages": [{ "role": "user", "content": text }] });
    let answer = client.post(url).header("x-standin-fast", "1").json(&body).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap_or_default());
    answer.bytes().await.unwrap();
}

/// Ticks of CPU that a process has used, in user mode and in the kernel.
fn cpu_ticks(process: &str) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    // The name, in brackets, may hold spaces.
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

/// A child process that is ended with this.
struct Process(Child);

impl Process {
    fn start(arguments: &[&str]) -> Process {
        let mut command = Command::new(env!("CARGO_BIN_EXE_palisade"));
        command.args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).env("ORT_DISABLE_TELEMETRY", "1");
        Process(command.stdout(Stdio::piped()).spawn().expect("the binary starts"))
    }

    /// The address in what it prints at its start.
    fn url(&mut self) -> String {
        let mut lines = BufReader::new(self.0.stdout.take().unwrap()).lines().map_while(Result::ok);
        let line = lines.find(|line| line.contains("http://")).unwrap_or_else(|| panic!("{:?} ended early", self.0));
        // Who writes to a pipe without a reader ends.
        std::thread::spawn(move || lines.for_each(drop));
        line[line.find("http://").unwrap()..].trim().to_owned()
    }

    fn id(&self) -> String {
        self.0.id().to_string()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Nothing is left to do where it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
