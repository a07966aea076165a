//! The binary before the stand-in LLM, in a folder of its own.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use palisade::standin;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A policy that blocks, masks and only watches.
pub(crate) const POLICY: &str = r"version: 1
name: house
expose: rules
rules:
  - { id: fruit, scope: [input], detect: { keywords: { words: [pineapple] } }, action: block }
  - { id: leak, scope: [output], detect: { keywords: { words: [kumquat] } }, action: block }
  - { id: key, scope: [all], detect: { regex: { pattern: 'sk-planted-[a-z0-9]{8,40}' } }, action: mask }
  - { id: watch, mode: shadow, scope: [input], detect: { keywords: { words: [banana] } }, action: block }
";

/// A running proxy.
pub(crate) struct Rig {
    pub(crate) folder: TempDir,
    pub(crate) standin: standin::Handle,
    pub(crate) data: String,
    pub(crate) admin: String,
    /// Printed at the start.
    pub(crate) token: String,
    pub(crate) http: reqwest::Client,
    child: Child,
}

/// How it is started.
#[derive(Default)]
pub(crate) struct How<'a> {
    /// More of `palisade.yaml`.
    pub(crate) config: &'a str,
    /// More arguments of `serve`.
    pub(crate) args: &'a [&'a str],
    pub(crate) env: &'a [(&'a str, &'a str)],
    /// Files besides the policy: name and text.
    pub(crate) files: &'a [(&'a str, &'a str)],
    /// In place of the stand-in.
    pub(crate) upstream: Option<SocketAddr>,
}

impl Rig {
    pub(crate) async fn start(how: How<'_>) -> Rig {
        let standin = standin::spawn(([127, 0, 0, 1], 0).into()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let upstream = how.upstream.unwrap_or(standin.addr());
        let headers = if how.config.contains("upstreams:") {
            String::new()
        } else {
            format!("upstreams: {{ llm: {{ url: 'http://{upstream}' }} }}\n")
        };
        let config = format!(
            "version: 1\nserver: {{ listen: '127.0.0.1:0' }}\nadmin: {{ listen: '127.0.0.1:0' }}\n{headers}\
             routes: [{{ path: /**, upstream: llm, policy: house }}]\n{}",
            how.config.replace("UPSTREAM", &upstream.to_string())
        );
        write(folder.path(), "palisade.yaml", &config);
        write(folder.path(), "policies/house.yaml", POLICY);
        how.files.iter().for_each(|(name, text)| write(folder.path(), name, text));
        let (child, said) = spawn(folder.path(), &how);
        let after = |start: &str| {
            let rest = said.split_once(start).map(|(_, rest)| rest).unwrap_or_default();
            rest.split([' ', '\n', ',']).next().unwrap_or_default().to_owned()
        };
        let (data, admin, token) = (after("palisade on "), after("admin on "), after(", token "));
        let http = reqwest::Client::builder().timeout(Duration::from_secs(20)).build().unwrap();
        Rig { folder, standin, data, admin, token, http, child }
    }

    /// A chat with one message, ready to be sent.
    pub(crate) fn chat(&self, say: &str) -> RequestBuilder {
        let body = json!({ "model": "m", "messages": [{ "role": "user", "content": say }] });
        self.http.post(format!("{}/v1/chat/completions", self.data)).json(&body)
    }

    /// The same as a stream, answered with these words.
    pub(crate) fn stream(&self, answer: &str) -> RequestBuilder {
        let body = json!({ "model": "m", "stream": true, "messages": [{ "role": "user", "content": "go on" }] });
        let request = self.http.post(format!("{}/v1/chat/completions", self.data));
        request.header("x-standin-reply", answer).json(&body)
    }

    /// A request to the admin port, without a token.
    pub(crate) fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.admin))
    }

    /// What the admin port answers.
    pub(crate) async fn get(&self, path: &str) -> String {
        let response = self.ask(Method::GET, path).send().await.unwrap();
        assert!(response.status().is_success(), "{path}: {}", response.status());
        response.text().await.unwrap()
    }

    pub(crate) async fn get_json(&self, path: &str) -> Value {
        serde_json::from_str(&self.get(path).await).unwrap()
    }

    /// The value of a series, by its whole name with labels.
    pub(crate) async fn metric(&self, series: &str) -> f64 {
        let all = self.get("/metrics").await;
        let line = all.lines().find_map(|line| line.strip_prefix(series).and_then(|rest| rest.strip_prefix(' ')));
        line.unwrap_or_else(|| panic!("{series} is not in\n{all}")).parse().unwrap()
    }

    pub(crate) async fn reload(&self) -> Response {
        self.ask(Method::POST, "/v1/policies/reload").bearer_auth(&self.token).send().await.unwrap()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        write(self.folder.path(), name, text);
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// All that it has written on standard error.
    pub(crate) fn log(&self) -> String {
        self.read("err")
    }

    pub(crate) fn signal(&self, name: &str) {
        signal(&self.child, name);
    }

    /// Ends it as an operator would, and waits.
    pub(crate) fn stop(&mut self) {
        signal(&self.child, "TERM");
        let end = Instant::now() + Duration::from_secs(10);
        while self.child.try_wait().unwrap().is_none() {
            assert!(Instant::now() < end, "it does not end");
            std::thread::yield_now();
        }
    }

    /// Starts it again in the same folder; the ports are others.
    pub(crate) fn restart(&mut self, how: &How<'_>) {
        let (child, said) = spawn(self.folder.path(), how);
        self.child = child;
        let rest = said.split_once("palisade on ").unwrap().1;
        rest.lines().next().unwrap().clone_into(&mut self.data);
    }

    /// Ends it as a crash would.
    pub(crate) fn crash(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// `palisade` with these arguments, in the same folder: exit code and standard output.
    pub(crate) fn run(&self, args: &[&str]) -> (i32, String) {
        let ran = Command::new(env!("CARGO_BIN_EXE_palisade")).args(args).current_dir(self.folder.path()).output();
        let ran = ran.unwrap();
        (ran.status.code().unwrap(), String::from_utf8(ran.stdout).unwrap())
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until it is so.
pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    for _ in 0..500 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it never came to this: {what}");
}

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn spawn(folder: &Path, how: &How<'_>) -> (Child, String) {
    let to = |name: &str| Stdio::from(File::options().create(true).append(true).open(folder.join(name)).unwrap());
    fs::write(folder.join("out"), "").unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_palisade"))
        .arg("serve")
        .args(how.args)
        .current_dir(folder)
        .env_clear()
        .envs(how.env.iter().copied())
        .stdin(Stdio::null())
        .stdout(to("out"))
        .stderr(to("err"))
        .spawn()
        .unwrap();
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        let said = fs::read_to_string(folder.join("out")).unwrap();
        // Its last line.
        if said.contains("\nblocked: ") && said.ends_with('\n') {
            return (child, said);
        }
        let ended = child.try_wait().unwrap();
        assert!(ended.is_none() && Instant::now() < end, "{}", fs::read_to_string(folder.join("err")).unwrap());
        std::thread::yield_now();
    }
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").arg(format!("-{name}")).arg(child.id().to_string()).status();
    assert!(sent.unwrap().success());
}
