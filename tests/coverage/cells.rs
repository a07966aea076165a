//! What each cell of the matrix means, as a journey through the proxy.

use palisade::config::{Source, load_source};
use palisade::guard::Guard;
use palisade::protocol::coverage::{Cell, rows};
use palisade::protocol::framing::{Frames, Framing};
use palisade::server::{App, Server};
use serde_json::Value;

use super::Sample;
use super::upstream::{self, Reply, Upstream};

const POLICY: &str = r"version: 1
name: cells
expose: rules
rules:
  - { id: word-in, scope: [user], detect: { keywords: { words: [inword] } }, action: { replace: inpart } }
  - { id: bad-in, scope: [user], detect: { keywords: { words: [badinput] } }, action: block }
  - { id: no-in, scope: [user], detect: { keywords: { words: [noinput] } }, action: { block: { as: refusal, message: NOTICE } } }
  - { id: word-out, scope: [completion], detect: { keywords: { words: [outword] } }, action: { replace: outpart } }
  - { id: bad-out, scope: [completion], detect: { keywords: { words: [badoutput] } }, action: block }
  - { id: no-out, scope: [completion], detect: { keywords: { words: [nooutput] } }, action: { block: { as: refusal, message: NOTICE } } }
  - { id: thought, scope: [reasoning], detect: { keywords: { words: [badthought] } }, action: block }
  - { id: call, scope: [tool_call], detect: { keywords: { words: [badcall] } }, action: block }
  - id: person
    scope: [user]
    detect: { pii: { entities: [EMAIL_ADDRESS] } }
    action: { pseudonymize: { restore: [completion] } }
";

/// What a model says that declines. The name of the policy comes after it.
const NOTICE: &str = "That I will not say";

const JSON: &str = "application/json";

/// Whether this is what a refusal says.
pub(crate) fn is_notice(text: &Value) -> bool {
    text.as_str().is_some_and(|text| text.starts_with(NOTICE))
}

/// Runs the test of a cell; where the API lacks what it is about, sees to it that the sample has none of it either.
pub(crate) async fn run(protocol: &str, sample: &Sample, cell: Cell) {
    let row = rows().find(|row| row.protocol == protocol).unwrap();
    let rig = Rig::start(sample).await;
    if row.cell(cell).is_err() {
        let said = "something that was said";
        let lacking = match cell {
            Cell::Stream | Cell::Cut => (sample.events)(&[said]).is_empty(),
            Cell::Response | Cell::Restore | Cell::Rewrite => !(sample.answer)(said).to_string().contains(said),
            Cell::Tools => (sample.call)("{}").is_null() && (sample.call_events)(&["{}"]).is_empty(),
            Cell::Reasoning => (sample.think)(said).is_null() && (sample.think_events)(&[said]).is_empty(),
            Cell::Refuse => rig.cannot_refuse().await,
            Cell::Request | Cell::Block => false,
        };
        assert!(lacking, "{protocol} has what it is said to lack");
        return;
    }
    match cell {
        Cell::Request => rig.request().await,
        Cell::Response => rig.response().await,
        Cell::Stream => rig.stream().await,
        Cell::Tools => rig.tools().await,
        Cell::Reasoning => rig.reasoning().await,
        Cell::Block => rig.block().await,
        Cell::Refuse => rig.refuse(row.cell(Cell::Stream).is_ok()).await,
        Cell::Cut => rig.cut().await,
        Cell::Rewrite => rig.rewrite(row.cell(Cell::Response).is_ok(), row.cell(Cell::Stream).is_ok()).await,
        Cell::Restore => rig.restore(row.cell(Cell::Stream).is_ok()).await,
    }
}

struct Rig<'s> {
    sample: &'s Sample,
    upstream: Upstream,
    proxy: Server,
    http: reqwest::Client,
    _folder: tempfile::TempDir,
}

/// What the client got.
struct Got {
    status: u16,
    verdict: String,
    kind: String,
    body: String,
}

impl Got {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    fn events(&self, frames: Frames) -> Vec<Value> {
        let mut events = Vec::new();
        let mut framing = Framing::from(frames);
        framing.feed(self.body.as_bytes(), |event| events.push(event)).unwrap();
        events.extend(framing.finish());
        assert!(events.iter().all(|event| !event.is_odd()), "{}", self.body);
        let datas = events.iter().filter(|event| !event.is_empty()).map(palisade::protocol::framing::Event::data);
        let json = |data: &[u8]| serde_json::from_slice(data).unwrap_or_else(|error| panic!("{error}: {}", self.body));
        datas.filter(|data| **data != *b"[DONE]").map(|data| json(&data)).collect()
    }
}

impl Rig<'_> {
    async fn start(sample: &Sample) -> Rig<'_> {
        let upstream = upstream::spawn().await;
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("policies")).unwrap();
        std::fs::write(folder.path().join("policies/cells.yaml"), POLICY.replace("NOTICE", NOTICE)).unwrap();
        let config = format!(
            "version: 1\nserver: {{ listen: '127.0.0.1:0' }}\nadmin: {{ listen: none }}\npolicies: policies\n\
             upstreams: {{ llm: {{ url: 'http://{}' }} }}\nroutes:\n  - path: /**\n    upstream: llm\n    policy: cells\n{}",
            upstream.addr, sample.api
        );
        let loaded = load_source(&Source::new("palisade.yaml", &config), folder.path(), &|_| None);
        let (config, _) = loaded.map_err(|problems| problems.to_string()).unwrap();
        let guard = Guard::load(&config, false, |_| ()).unwrap();
        let proxy = Server::start(App::new(config, guard).unwrap(), Some(1)).await.unwrap();
        Rig { sample, upstream, proxy, http: reqwest::Client::new(), _folder: folder }
    }

    async fn send(&self, said: &str, stream: bool, kind: &'static str, answer: String) -> Got {
        self.upstream.got.lock().unwrap().clear();
        *self.upstream.reply.lock().unwrap() = Reply { status: 200, content_type: kind, bytes: answer.into(), step: 9 };
        let path = if stream { self.sample.stream_path } else { self.sample.path };
        let request = self.http.post(format!("http://{}{path}", self.proxy.addr())).header("content-type", JSON);
        let answer = request.body((self.sample.ask)(said, stream).to_string()).send().await.unwrap();
        let header = |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let (status, verdict) = (answer.status().as_u16(), header("x-palisade-verdict").unwrap_or_default());
        let kind = header("content-type").unwrap_or_default();
        Got { status, verdict, kind, body: answer.text().await.unwrap() }
    }

    async fn whole(&self, said: &str, answer: &Value) -> Got {
        self.send(said, false, JSON, answer.to_string()).await
    }

    async fn streamed(&self, said: &str, events: &[Value]) -> Got {
        assert!(!events.is_empty());
        self.send(said, true, self.sample.frames.content_type(), (self.sample.framed)(events)).await
    }

    /// What the upstream got.
    fn arrived(&self) -> String {
        String::from_utf8(self.upstream.got.lock().unwrap().to_vec()).unwrap()
    }

    fn said(&self, values: &[Value]) -> String {
        values.iter().map(self.sample.said).collect()
    }

    async fn request(&self) {
        // A word alone could be taken for an identifier.
        for (said, heard) in [("say inword now", "say inpart now"), ("inword", "inpart")] {
            let got = self.whole(said, &(self.sample.answer)("fine")).await;
            assert_eq!((got.status, &*got.verdict), (200, "rewrite"), "{}", got.body);
            assert_eq!(self.arrived(), (self.sample.ask)(heard, false).to_string());
        }
    }

    async fn response(&self) {
        for (said, heard) in [("an outword here", "an outpart here"), ("outword", "outpart")] {
            let got = self.whole("hello", &(self.sample.answer)(said)).await;
            assert_eq!((got.status, &*got.verdict), (200, "rewrite"), "{}", got.body);
            assert_eq!(self.said(&[got.json()]), heard);
        }
        let got = self.whole("hello", &(self.sample.answer)("a badoutput")).await;
        assert_eq!((got.status, &*got.verdict), (400, "block"), "{}", got.body);
        assert!((self.sample.is_error)(&got.json()) && !got.body.contains("badoutput"), "{}", got.body);
    }

    async fn stream(&self) {
        let among = [&["an outword here"][..], &["an out", "word here"], &["an ", "o", "utwor", "d", " here"]];
        for pieces in among.into_iter().chain([&["outword"][..], &["out", "word"]]) {
            let heard = pieces.concat().replace("outword", "outpart");
            let got = self.streamed("hello", &(self.sample.events)(pieces)).await;
            assert_eq!(got.status, 200, "{}", got.body);
            assert_eq!(got.kind, self.sample.frames.content_type());
            assert_eq!(self.said(&got.events(self.sample.frames)), heard, "{}", got.body);
            assert!(!got.body.contains("outword"), "{}", got.body);
        }
    }

    async fn tools(&self) {
        let call = (self.sample.call)(r#"{"do":"something"}"#);
        let got = self.whole("hello", &call).await;
        assert_eq!((got.status, got.body), (200, call.to_string()));
        let got = self.whole("hello", &(self.sample.call)(r#"{"do":"badcall"}"#)).await;
        assert_eq!((got.status, (self.sample.is_error)(&got.json())), (400, true), "{}", got.body);
        let events = (self.sample.call_events)(&[r#"{"do":"#, r#""some"#, r#"thing"}"#]);
        if events.is_empty() {
            return;
        }
        let got = self.streamed("hello", &events).await;
        assert_eq!((got.status, got.body), (200, (self.sample.framed)(&events)));
        let got = self.streamed("hello", &(self.sample.call_events)(&[r#"{"do":"#, r#""bad"#, r#"call"}"#])).await;
        assert!(!got.body.contains("bad") && !got.body.contains("call\\\"}"), "{}", got.body);
        self.assert_stopped(&got);
    }

    /// A blocked stream is an error like any other, unless something has gone ahead.
    fn assert_stopped(&self, got: &Got) {
        if got.status == 200 {
            assert!((self.sample.is_filtered)(&got.events(self.sample.frames)), "{}", got.body);
        } else {
            assert_eq!((got.status, &*got.verdict), (400, "block"), "{}", got.body);
            assert!((self.sample.is_error)(&got.json()), "{}", got.body);
        }
    }

    async fn reasoning(&self) {
        let thought = (self.sample.think)("a good thought");
        let got = self.whole("hello", &thought).await;
        assert_eq!((got.status, got.body), (200, thought.to_string()));
        let got = self.whole("hello", &(self.sample.think)("a badthought")).await;
        assert_eq!((got.status, (self.sample.is_error)(&got.json())), (400, true), "{}", got.body);
        let events = (self.sample.think_events)(&["a good ", "thou", "ght"]);
        if events.is_empty() {
            return;
        }
        let got = self.streamed("hello", &events).await;
        assert_eq!((got.status, got.body), (200, (self.sample.framed)(&events)));
        let got = self.streamed("hello", &(self.sample.think_events)(&["so: a badth", "ought"])).await;
        assert!(!got.body.contains("badth"), "{}", got.body);
        self.assert_stopped(&got);
    }

    async fn block(&self) {
        for stream in [false, !(self.sample.events)(&["x"]).is_empty()] {
            let got = self.send("a badinput", stream, JSON, String::new()).await;
            assert_eq!((got.status, &*got.verdict), (400, "block"), "{}", got.body);
            assert!((self.sample.is_error)(&got.json()), "{}", got.body);
            assert_eq!(self.arrived(), "", "the upstream was called");
        }
    }

    /// A refusal is an error where nothing says it.
    async fn cannot_refuse(&self) -> bool {
        let got = self.send("a noinput", false, JSON, String::new()).await;
        let is_error = |got: &Got| got.status == 400 && (self.sample.is_error)(&got.json());
        let asked = is_error(&got) && self.arrived().is_empty();
        let answer = (self.sample.answer)("a nooutput");
        let got = self.whole("hello", &answer).await;
        let answer = answer.to_string();
        asked && if answer.contains("nooutput") { is_error(&got) } else { got.body == answer }
    }

    async fn refuse(&self, streams: bool) {
        let got = self.send("a noinput", false, JSON, String::new()).await;
        assert_eq!(got.status, 200, "{}", got.body);
        assert!((self.sample.declines)(&[got.json()]), "{}", got.body);
        assert_eq!(self.arrived(), "", "the upstream was called");
        let got = self.whole("hello", &(self.sample.answer)("a nooutput")).await;
        assert_eq!(got.status, 200, "{}", got.body);
        assert!((self.sample.declines)(&[got.json()]) && !got.body.contains("nooutput"), "{}", got.body);
        if !streams {
            return;
        }
        let got = self.send("a noinput", true, JSON, String::new()).await;
        assert_eq!((got.status, &*got.kind), (200, self.sample.frames.content_type()), "{}", got.body);
        assert!((self.sample.declines)(&got.events(self.sample.frames)), "{}", got.body);
        for pieces in [&["a noout", "put"][..], &["It is fine. ", "a noout", "put"]] {
            let got = self.streamed("hello", &(self.sample.events)(pieces)).await;
            assert_eq!(got.status, 200, "{}", got.body);
            assert!((self.sample.declines)(&got.events(self.sample.frames)), "{}", got.body);
            assert!(!got.body.contains("noout"), "{}", got.body);
        }
    }

    async fn cut(&self) {
        let got = self.streamed("hello", &(self.sample.events)(&["It is fine. ", "So badout", "put 7 ", "on"])).await;
        assert_eq!(got.status, 200, "{}", got.body);
        let events = got.events(self.sample.frames);
        assert_eq!(self.said(&events), "It is fine. So ", "{}", got.body);
        assert!((self.sample.is_filtered)(&events), "{}", got.body);
        assert!(!got.body.contains("badout") && !got.body.contains("put 7"), "{}", got.body);
        // From its start.
        let got = self.streamed("hello", &(self.sample.events)(&["badoutput", " 7"])).await;
        self.assert_stopped(&got);
        if got.status == 200 {
            assert_eq!(self.said(&got.events(self.sample.frames)), "", "{}", got.body);
        }
    }

    async fn rewrite(&self, answers: bool, streams: bool) {
        self.request().await;
        if answers {
            let answer = (self.sample.answer)("Grüße, outword \"x\" \\ 😀").to_string();
            let got = self.send("hello", false, JSON, answer.clone()).await;
            assert_eq!(got.body, answer.replace("outword", "outpart"));
        }
        if streams {
            let events = (self.sample.framed)(&(self.sample.events)(&["Grüße, outword \"x\" \\ 😀, ", "and so on."]));
            let got = self.send("hello", true, self.sample.frames.content_type(), events.clone()).await;
            assert_eq!(got.body, events.replace("outword", "outpart"));
        }
    }

    async fn restore(&self, streams: bool) {
        let request = "Write to <jane.doe@corp.com> now";
        self.whole(request, &(self.sample.answer)("fine")).await;
        let arrived = self.arrived();
        let name = arrived.split_once("Write to <").unwrap().1.split_once('>').unwrap().0;
        assert!(name.contains('@') && name != "jane.doe@corp.com", "{arrived}");
        let got = self.whole(request, &(self.sample.answer)(&format!("To {name}!"))).await;
        assert_eq!(self.said(&[got.json()]), "To jane.doe@corp.com!");
        if streams {
            let (head, tail) = name.split_at(5);
            let got = self.streamed(request, &(self.sample.events)(&["To ", head, &format!("{tail}!")])).await;
            assert_eq!(self.said(&got.events(self.sample.frames)), "To jane.doe@corp.com!", "{}", got.body);
            assert!(!got.body.contains(name), "{}", got.body);
        }
    }
}
