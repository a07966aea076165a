//! The routing table: raw path bytes to the index of a route. The first match wins.

use std::sync::Arc;

/// The compiled patterns of every route, in order.
#[derive(Clone, Debug)]
pub struct RouteTable {
    patterns: Vec<Pattern>,
    names: Vec<Arc<str>>,
}

/// A pattern that cannot be compiled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("route `{0}`: a path starts with `/`; `*` stands for one whole segment and `**` for the rest, at the end only")]
pub struct PatternError(
    /// The pattern as written.
    pub String,
);

#[derive(Clone, Debug)]
struct Pattern {
    segments: Vec<Segment>,
    /// Whether `**` ends it.
    open: bool,
}

#[derive(Clone, Debug)]
enum Segment {
    /// These bytes.
    Literal(Box<str>),
    /// Any one segment, but not an empty one.
    Any,
}

impl RouteTable {
    /// Compiles the patterns; indices of [`RouteTable::find`] are theirs.
    pub fn new<'a>(patterns: impl IntoIterator<Item = &'a str>) -> Result<RouteTable, PatternError> {
        let names: Vec<Arc<str>> = patterns.into_iter().map(Arc::from).collect();
        let patterns = names.iter().map(|name| Pattern::new(name)).collect::<Result<_, _>>()?;
        Ok(RouteTable { patterns, names })
    }

    /// The pattern of a route, as written.
    pub fn name(&self, route: usize) -> Arc<str> {
        self.names.get(route).map_or_else(|| Arc::from(""), Arc::clone)
    }

    /// The first route whose pattern matches.
    pub fn find(&self, path: &str) -> Option<usize> {
        self.patterns.iter().position(|pattern| pattern.matches(path))
    }
}

impl Pattern {
    fn new(pattern: &str) -> Result<Pattern, PatternError> {
        let error = || PatternError(pattern.to_owned());
        let path = pattern.strip_prefix('/').ok_or_else(error)?;
        let (path, open) = match path.strip_suffix("**") {
            Some("") => return Ok(Pattern { segments: Vec::new(), open: true }),
            Some(front) => (front.strip_suffix('/').ok_or_else(error)?, true),
            None => (path, false),
        };
        let segments = path.split('/').map(|segment| match segment {
            "*" => Ok(Segment::Any),
            _ if segment.contains('*') => Err(error()),
            _ => Ok(Segment::Literal(segment.into())),
        });
        Ok(Pattern { segments: segments.collect::<Result<_, _>>()?, open })
    }

    fn matches(&self, path: &str) -> bool {
        let Some(mut rest) = path.strip_prefix('/') else { return false };
        let mut more = true;
        for segment in &self.segments {
            if !more {
                return false;
            }
            let (first, tail) = match rest.split_once('/') {
                Some((first, tail)) => (first, Some(tail)),
                None => (rest, None),
            };
            let fits = match segment {
                Segment::Literal(literal) => **literal == *first,
                Segment::Any => !first.is_empty(),
            };
            if !fits {
                return false;
            }
            more = tail.is_some();
            rest = tail.unwrap_or_default();
        }
        // An open pattern wants the slash before its rest; a closed one wants nothing left over.
        more == self.open
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn patterns_match_raw_paths() {
        for (pattern, path, matches) in [
            ("/v1/messages", "/v1/messages", true),
            ("/v1/messages", "/v1/messages/", false),
            ("/v1/messages/", "/v1/messages/", true),
            ("/v1/messages", "/V1/messages", false),
            ("/v1/messages", "/v1/messages/batches", false),
            ("/v1/messages", "/v1", false),
            ("/", "/", true),
            ("/", "/v1", false),
            ("/**", "/", true),
            ("/**", "/v1/anything/at/all", true),
            ("/v1/audio/**", "/v1/audio/speech", true),
            ("/v1/audio/**", "/v1/audio/", true),
            ("/v1/audio/**", "/v1/audio", false),
            ("/v1/audio/**", "/v1/audiobook", false),
            ("/v1/*/speech", "/v1/audio/speech", true),
            ("/v1/*/speech", "/v1/speech", false),
            ("/v1/*/speech", "/v1/a/b/speech", false),
            ("/v1/*", "/v1/", false),
            ("/models/*/**", "/models/a/b/c", true),
            ("/models/*/**", "/models/a", false),
        ] {
            assert_eq!(RouteTable::new([pattern]).unwrap().find(path).is_some(), matches, "{pattern} {path}");
        }
    }

    #[test]
    fn the_first_match_wins() {
        let table = RouteTable::new(["/v1/messages", "/v1/*", "/**"]).unwrap();
        assert_eq!(table.find("/v1/messages"), Some(0));
        assert_eq!(table.find("/v1/other"), Some(1));
        assert_eq!(table.find("/v2"), Some(2));
        assert_eq!(RouteTable::new(["/v1"]).unwrap().find("/v2"), None);
    }

    #[test]
    fn odd_patterns_are_refused() {
        for pattern in ["", "v1", "/v1/**/x", "/v1/a*", "/v1/***", "/v1**"] {
            assert!(RouteTable::new([pattern]).is_err(), "{pattern}");
        }
    }
}
