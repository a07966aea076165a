//! Whether a decision log is whole: every hash, every link, every text that is still there.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::chain::{Hash, Hasher, KEYED, Link, PLAIN, hex, split, unhex};
use super::text;

/// What a whole log holds.
#[derive(Debug, Default)]
pub struct Whole {
    /// Lines in all.
    pub lines: u64,
    /// Verdicts among them.
    pub verdicts: u64,
    /// Lines whose hash needs the secret.
    pub keyed: u64,
    /// Texts that are there and as they were.
    pub texts: u64,
    /// Texts that were erased.
    pub erased: u64,
    /// Hash of the last line: kept elsewhere, it shows whether lines were cut off the end.
    pub last: Hash,
    /// Bytes of an unfinished line at the end: the next start notes it.
    pub torn: usize,
}

/// Why a log is not whole.
#[derive(Debug, thiserror::Error)]
pub enum NotWhole {
    /// It cannot be read.
    #[error("{0} cannot be read: {1}")]
    Unreadable(String, #[source] io::Error),
    /// The chain is keyed, and there is no secret to check it with.
    #[error("the chain is keyed: give the configuration with its `secret`")]
    Secret,
    /// A line is not what it was.
    #[error("{file}:{line}: {why}")]
    Line {
        /// Which file.
        file: String,
        /// Which line, from 1.
        line: u64,
        /// What is wrong.
        why: String,
    },
}

/// The file of the texts that belong to a log.
pub fn text_path(log: &Path) -> PathBuf {
    log.with_extension("text.jsonl")
}

/// Checks a log. `secret` is needed if its chain is keyed.
pub fn verify(path: &Path, secret: Option<&[u8]>) -> Result<Whole, NotWhole> {
    let mut whole = Whole::default();
    let mut texts: HashMap<(String, String), Hash> = HashMap::new();
    let mut state = Chain { link: Link::default(), keyed: None, secret, needs_secret: false };
    let torn = each_line(path, |line| {
        let value = state.check(line)?;
        whole.lines += 1;
        whole.keyed += u64::from(state.keyed == Some(true));
        whole.last = state.link.hash;
        if value["kind"] == "verdict" {
            whole.verdicts += 1;
            if let Some(hash) = value["text"].as_str() {
                let hash = unhex(hash).ok_or("`text` is no hash")?;
                texts.insert(key(&value["verdict"]), hash);
            }
        }
        Ok(())
    });
    if state.needs_secret {
        return Err(NotWhole::Secret);
    }
    whole.torn = torn?;
    check_texts(path, &mut texts, &mut whole)?;
    whole.erased = texts.len() as u64;
    Ok(whole)
}

struct Chain<'a> {
    link: Link,
    /// Whether hashes need the secret; says the last start.
    keyed: Option<bool>,
    secret: Option<&'a [u8]>,
    needs_secret: bool,
}

impl Chain<'_> {
    fn check(&mut self, line: &[u8]) -> Result<Value, String> {
        let (hashed, hash) = split(line).ok_or("the line is no record")?;
        let value: Value = serde_json::from_slice(line).map_err(|_| "the line is no JSON")?;
        if value["seq"].as_u64() != Some(self.link.next) {
            return Err(format!("expected line number {} in `seq`: lines are missing or were moved", self.link.next));
        }
        if value["prev"].as_str() != Some(&hex(&self.link.hash)) {
            return Err("`prev` is not the hash of the line before: one of the two was changed".to_owned());
        }
        if value["kind"] == "start" {
            match value["chain"].as_str() {
                Some(KEYED) => self.keyed = Some(true),
                Some(PLAIN) if self.keyed == Some(true) => {
                    return Err("from here on the chain needs no secret, as before it did".to_owned());
                }
                Some(PLAIN) => self.keyed = Some(false),
                _ => return Err("an unknown kind of chain".to_owned()),
            }
        }
        let secret = match (self.keyed, self.secret) {
            (None, _) => return Err("the log does not begin with a start".to_owned()),
            (Some(true), None) => {
                self.needs_secret = true;
                return Err(String::new());
            }
            (Some(true), secret) => secret,
            (Some(false), _) => None,
        };
        if Hasher::new(secret).hash(hashed) != hash {
            return Err("the line was changed, or the secret is another: its hash does not fit".to_owned());
        }
        self.link = Link { next: self.link.next + 1, hash };
        Ok(value)
    }
}

/// Checks the texts that are there and takes them off the list.
fn check_texts(log: &Path, known: &mut HashMap<(String, String), Hash>, whole: &mut Whole) -> Result<(), NotWhole> {
    let path = text_path(log);
    if !path.exists() {
        return Ok(());
    }
    each_line(&path, |line| {
        if line.is_empty() {
            return Ok(());
        }
        let value: Value = serde_json::from_slice(line).map_err(|_| "the line is no JSON")?;
        let Some(hash) = known.remove(&key(&value)) else {
            // Written before a crash that took its record.
            return Ok(());
        };
        if text::hash(value["salt"].as_str().unwrap_or_default(), &value["texts"]) != hash {
            return Err("the text is not the one that was recorded".to_owned());
        }
        whole.texts += 1;
        Ok(())
    })?;
    Ok(())
}

fn key(value: &Value) -> (String, String) {
    let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
    (text("id"), text("direction"))
}

/// Calls `check` with each whole line, without its end. Gives the length of what stands after the last.
fn each_line(path: &Path, mut check: impl FnMut(&[u8]) -> Result<(), String>) -> Result<usize, NotWhole> {
    let file = path.display().to_string();
    let fault = |error| NotWhole::Unreadable(file.clone(), error);
    let mut input = BufReader::with_capacity(256 << 10, File::open(path).map_err(fault)?);
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        input.by_ref().take(MAX_LINE).read_until(b'\n', &mut line).map_err(fault)?;
        if line.pop_if(|byte| *byte == b'\n').is_none() {
            if line.len() as u64 == MAX_LINE {
                let why = "the line is too long".to_owned();
                return Err(NotWhole::Line { file, line: number, why });
            }
            break;
        }
        check(&line).map_err(|why| NotWhole::Line { file: file.clone(), line: number, why })?;
    }
    Ok(line.len())
}

/// Longest line that is read, in bytes.
const MAX_LINE: u64 = 256 << 20;
