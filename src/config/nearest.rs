//! "Did you mean": the valid name that is closest to what somebody wrote.

use super::problem::quoted;

/// The help line for a name that is not among the valid ones: the nearest, when one is near enough to be meant.
pub fn did_you_mean<'a>(found: &str, valid: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(found, valid).map(|name| format!("did you mean {}?", quoted(name)))
}

/// The valid name nearest to what was found, if it is near.
fn nearest<'a>(found: &str, valid: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // One or two characters are near to everything, and long texts cost quadratic time.
    if !(3..=MAX_LENGTH).contains(&found.len()) {
        return None;
    }
    let folded = fold(found);
    let scored = valid.into_iter().map(|name| (strsim::jaro_winkler(&folded, &fold(name)), name));
    let best = scored.max_by(|a, b| a.0.total_cmp(&b.0))?;
    let name = fold(best.1);
    let edits = strsim::osa_distance(&folded, &name);
    let begun = name.starts_with(&folded);
    (begun || edits <= 1 + folded.chars().count() / 4 || best.0 > 0.9).then_some(best.1)
}

/// "`a`, `b` or `c`"; of many only the first.
pub fn either<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut names: Vec<String> = names.into_iter().map(quoted).collect();
    if names.len() > MAX_NAMES {
        let more = names.len() - MAX_NAMES;
        names.truncate(MAX_NAMES);
        names.push(format!("one of {more} more"));
    }
    match names.split_last() {
        None => String::new(),
        Some((only, [])) => only.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
    }
}

fn fold(name: &str) -> String {
    name.to_lowercase().replace('-', "_")
}

/// The longest name that is compared, in bytes.
const MAX_LENGTH: usize = 64;
/// How many names are listed.
const MAX_NAMES: usize = 16;

#[cfg(test)]
mod tests {
    use super::{did_you_mean, either};

    #[test]
    fn names_the_nearest_only_when_it_is_near() {
        let valid = ["detect", "action", "scope", "max_match", "description"];
        assert_eq!(did_you_mean("detcet", valid).as_deref(), Some("did you mean `detect`?"));
        assert_eq!(did_you_mean("Max-Match", valid).as_deref(), Some("did you mean `max_match`?"));
        assert_eq!(did_you_mean("descr", valid).as_deref(), Some("did you mean `description`?"));
        assert_eq!(did_you_mean("banana", valid), None);
        assert_eq!(did_you_mean("xyz", []), None);
        assert_eq!(did_you_mean("2", ["1"]), None);
    }

    #[test]
    fn lists_read_like_sentences() {
        assert_eq!(either([]), "");
        assert_eq!(either(["a"]), "`a`");
        assert_eq!(either(["a", "b", "c"]), "`a`, `b` or `c`");
        assert!(either(std::iter::repeat_n("a", 20)).ends_with(", `a` or one of 4 more"));
    }
}
