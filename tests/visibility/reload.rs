use crate::rig::{How, POLICY, Rig, until};

#[tokio::test]
async fn a_good_file_is_served_and_a_bad_one_changes_nothing() {
    let rig = Rig::start(How::default()).await;
    let papaya = || async { rig.chat("a papaya").send().await.unwrap().status().as_u16() };
    assert_eq!(papaya().await, 200);
    rig.write("policies/house.yaml", &POLICY.replace("pineapple", "papaya"));
    assert_eq!(papaya().await, 200, "nothing changes by itself");
    let answer = rig.reload().await;
    assert_eq!(answer.status(), 200);
    assert_eq!(papaya().await, 400);

    rig.write("policies/house.yaml", &POLICY.replace("action: block", "action: blok"));
    let answer = rig.reload().await;
    assert_eq!(answer.status(), 422);
    let text = answer.text().await.unwrap();
    assert!(text.contains("did you mean `block`?"), "{text}");
    assert_eq!(papaya().await, 400, "the version before it goes on");
    let ready = rig.ask(reqwest::Method::GET, "/readyz").send().await.unwrap();
    assert_eq!(ready.status(), 503);
    assert!(ready.text().await.unwrap().contains("the last reload failed"));
    assert_eq!(rig.metric("palisade_reload_ok").await, 0.0);
    assert_eq!(rig.metric("palisade_reloads_total{result=\"failed\"}").await, 1.0);

    rig.write("policies/house.yaml", POLICY);
    rig.signal("HUP");
    until("it is served again", async || papaya().await == 200).await;
    until("it is ready", async || rig.metric("palisade_reload_ok").await == 1.0).await;
    assert_eq!(rig.get("/readyz").await, "ready\n");
    assert_eq!(rig.metric("palisade_reloads_total{result=\"ok\"}").await, 2.0);
    // The counters of a policy go on over reloads.
    let counted = rig.metric("palisade_findings_total{policy=\"house\",rule=\"fruit\",mode=\"enforce\"}").await;
    assert!(counted >= 2.0, "{counted}");
}

#[tokio::test]
async fn a_stream_keeps_what_it_began_with() {
    let rig = Rig::start(How::default()).await;
    let words = "one two three four five six seven kumquat eight";
    let mut response = rig.stream(words).header("x-standin-delay-ms", "60").send().await.unwrap();
    let version = response.headers()["x-palisade-policy"].clone();
    let first = response.chunk().await.unwrap().unwrap();
    assert!(!first.is_empty());
    rig.write("policies/house.yaml", &POLICY.replace("[kumquat]", "[eight]").replace("[pineapple]", "[hello]"));
    assert_eq!(rig.reload().await.status(), 200);
    let mut text = String::from_utf8_lossy(&first).into_owned();
    while let Some(chunk) = response.chunk().await.unwrap() {
        text.push_str(&String::from_utf8_lossy(&chunk));
    }
    assert!(text.contains("content_filter") && !text.contains("kumquat"), "{text}");
    let later = rig.chat("hello").send().await.unwrap();
    assert_eq!(later.status(), 400);
    assert_ne!(later.headers()["x-palisade-policy"], version);
}

#[tokio::test]
async fn routes_and_limits_change_and_addresses_do_not() {
    let rig = Rig::start(How::default()).await;
    let config = rig.read("palisade.yaml");
    let closed = config
        .replace("path: /**", "path: /v2/**")
        .replace("server: { listen: '127.0.0.1:0'", "server: { listen: '127.0.0.1:1'");
    rig.write("palisade.yaml", &closed);
    assert_eq!(rig.reload().await.status(), 200);
    assert_eq!(rig.chat("hello").send().await.unwrap().status(), 404);
    assert!(rig.log().contains("`server.listen` does not change at a reload"));
    rig.write("palisade.yaml", "routs: []");
    assert_eq!(rig.reload().await.status(), 422);
    rig.write("palisade.yaml", &config);
    assert_eq!(rig.reload().await.status(), 200);
    assert_eq!(rig.chat("hello").send().await.unwrap().status(), 200);
}
