//! The query of an admin request.

use super::answer::Fault;

/// Parameters by name, each at most once.
#[derive(Debug, Default)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn read(query: &str) -> Result<Query, Fault> {
        let mut all: Vec<(String, String)> = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decoded(name)?, decoded(value)?);
            if all.iter().any(|(known, _)| *known == name) {
                return Err(Fault::Bad("a parameter of the query stands twice".to_owned()));
            }
            all.push((name, value));
        }
        Ok(Query(all))
    }

    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether a switch is on: `?name` or `?name=true`.
    pub(super) fn is_on(&self, name: &str) -> bool {
        self.value(name).is_some_and(|value| matches!(value, "" | "true" | "1"))
    }

    /// Refuses what this request does not take: a misspelt parameter must not be ignored.
    pub(super) fn takes(&self, names: &[&str]) -> Result<(), Fault> {
        if self.0.iter().all(|(name, _)| names.contains(&name.as_str())) {
            return Ok(());
        }
        Err(Fault::Bad(format!("unknown parameter in the query; there are {}", names.join(", "))))
    }
}

fn decoded(text: &str) -> Result<String, Fault> {
    let fault = || Fault::Bad("the query is not percent-encoded UTF-8".to_owned());
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || rest.next().and_then(|digit| char::from(digit).to_digit(16)).ok_or_else(fault);
                (digit()? * 16 + digit()?) as u8
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).map_err(|_| fault())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn parameters_are_decoded_and_stand_once() {
        let query = Query::read("as=tool%5Fresult&policy=a+b&scores").unwrap();
        assert_eq!((query.value("as"), query.value("policy")), (Some("tool_result"), Some("a b")));
        assert!(query.is_on("scores") && !query.is_on("as"));
        assert!(query.takes(&["as", "policy", "scores"]).is_ok() && query.takes(&["as"]).is_err());
        for bad in ["a=1&a=2", "a=%", "a=%4", "a=%zz", "a=%ff"] {
            assert!(Query::read(bad).is_err(), "{bad}");
        }
    }
}
