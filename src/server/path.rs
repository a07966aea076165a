//! One path: the bytes that are routed, recognised and forwarded are the same, and mean the same to everybody.
//!
//! A target that a later hop could read as another one is refused, never repaired.

use http::{Method, Uri};

/// Why a request target is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// `CONNECT`, or `*` in place of a path: nothing that a reverse proxy can do.
    #[error("this method is not allowed here")]
    Method,
    /// `.` or `..`, raw, percent-encoded, next to `%2F`, or with parameters (`..;x`).
    #[error("the path has a dot segment")]
    DotSegment,
    /// `//`. One slash at the end is fine.
    #[error("the path has an empty segment")]
    EmptySegment,
    /// `\` or `%5C`, which some servers take for `/`.
    #[error("the path has a backslash")]
    Backslash,
    /// A control byte, raw or percent-encoded, or a byte outside ASCII.
    #[error("the path has a byte that paths may not have")]
    ForbiddenByte,
    /// `%` without two hex digits.
    #[error("the path has a `%` without two hex digits")]
    BadPercent,
    /// A letter, digit, `-`, `.`, `_` or `~` written as `%XX`: the same path in two spellings (RFC 3986, 2.3).
    #[error("the path has a percent-encoded character that needs no encoding")]
    NeedlessPercent,
}

/// Checks a request's target and gives its path, as it came.
///
/// Of an absolute-form target (RFC 9112, section 3.2.2) only the path counts: where requests go is configured.
pub fn check<'a>(method: &Method, target: &'a Uri) -> Result<&'a str, PathError> {
    let path = target.path();
    if *method == Method::CONNECT || path == "*" {
        return Err(PathError::Method);
    }
    check_bytes(path.as_bytes())?;
    // What follows the leading slash; `/` itself has no segments.
    let segments = path.strip_prefix('/').ok_or(PathError::ForbiddenByte)?;
    if !segments.is_empty() {
        check_segments(segments)?;
    }
    Ok(path)
}

fn check_bytes(path: &[u8]) -> Result<(), PathError> {
    let mut rest = path;
    while let [byte, tail @ ..] = rest {
        rest = match byte {
            b'%' => check_escape(tail)?,
            b'\\' => return Err(PathError::Backslash),
            b'!'..=b'~' => tail,
            _ => return Err(PathError::ForbiddenByte),
        };
    }
    Ok(())
}

/// Checks the two digits after a `%` and gives what follows them.
fn check_escape(digits: &[u8]) -> Result<&[u8], PathError> {
    let [high, low, tail @ ..] = digits else { return Err(PathError::BadPercent) };
    let byte = hex(*high)? << 4 | hex(*low)?;
    match byte {
        b'.' => Err(PathError::DotSegment),
        b'\\' => Err(PathError::Backslash),
        0..=0x1f | 0x7f => Err(PathError::ForbiddenByte),
        b'-' | b'_' | b'~' => Err(PathError::NeedlessPercent),
        _ if byte.is_ascii_alphanumeric() => Err(PathError::NeedlessPercent),
        _ => Ok(tail),
    }
}

fn hex(digit: u8) -> Result<u8, PathError> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        b'A'..=b'F' => Ok(digit - b'A' + 10),
        _ => Err(PathError::BadPercent),
    }
}

fn check_segments(segments: &str) -> Result<(), PathError> {
    let segments = segments.strip_suffix('/').unwrap_or(segments);
    for segment in segments.split('/') {
        if segment.is_empty() {
            return Err(PathError::EmptySegment);
        }
        if segment.starts_with('.') || segment.contains('%') {
            check_dots(segment)?;
        }
    }
    Ok(())
}

/// `%2F` is a plain character of a segment here (model ids have it), but a server behind may take it for a slash.
fn check_dots(segment: &str) -> Result<(), PathError> {
    let is_slash = |w: &[u8]| w.eq_ignore_ascii_case(b"%2f");
    let mut start = 0;
    let bytes = segment.as_bytes();
    for end in (0..bytes.len()).filter(|&at| bytes.get(at..at + 3).is_some_and(is_slash)).chain([bytes.len()]) {
        let piece = bytes.get(start..end).unwrap_or_default();
        let name = piece.split(|&b| b == b';').next().unwrap_or_default();
        if name == b"." || name == b".." {
            return Err(PathError::DotSegment);
        }
        start = end + 3;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn refused(path: &str) -> Option<PathError> {
        check(&Method::POST, &path.parse().unwrap()).err()
    }

    #[test]
    fn plain_paths_pass_as_they_are() {
        for path in [
            "/",
            "/v1/chat/completions",
            "/v1/chat/completions/",
            "/v1/models/org%2Fname",
            "/v1/models/a:generateContent",
            "/v1/models/claude%3Ax",
            "/.well-known/x",
            "/v1/...",
            "/a..b/c.",
            "/caf%C3%A9",
            "/a;b=c",
            "/a%20b",
        ] {
            assert_eq!(check(&Method::POST, &path.parse().unwrap()), Ok(path), "{path}");
        }
    }

    #[test]
    fn paths_with_two_readings_are_refused() {
        for (path, error) in [
            ("/v1/../admin", PathError::DotSegment),
            ("/v1/./chat", PathError::DotSegment),
            ("/..", PathError::DotSegment),
            ("/v1/..;/admin", PathError::DotSegment),
            ("/v1/%2e%2e/admin", PathError::DotSegment),
            ("/v1/.%2E/admin", PathError::DotSegment),
            ("/v1/..%2fadmin", PathError::DotSegment),
            ("/v1/a%2F..%2Fadmin", PathError::DotSegment),
            ("//v1", PathError::EmptySegment),
            ("/v1//chat", PathError::EmptySegment),
            ("/v1/chat//", PathError::EmptySegment),
            ("//", PathError::EmptySegment),
            ("/v1%5cchat", PathError::Backslash),
            ("/v1/%00", PathError::ForbiddenByte),
            ("/v1/%0d%0a", PathError::ForbiddenByte),
            ("/v1/%7F", PathError::ForbiddenByte),
            ("/v1/%", PathError::BadPercent),
            ("/v1/%4", PathError::BadPercent),
            ("/v1/%zz", PathError::BadPercent),
            ("/v1/%63hat", PathError::NeedlessPercent),
            ("/v1/a%7Eb", PathError::NeedlessPercent),
            ("/v1/a%2db", PathError::NeedlessPercent),
        ] {
            assert_eq!(refused(path), Some(error), "{path}");
        }
    }

    #[test]
    fn bytes_that_no_uri_may_have_are_refused() {
        assert_eq!(check_bytes(b"/v1\\chat"), Err(PathError::Backslash));
        assert_eq!(check_bytes(b"/v1\x01"), Err(PathError::ForbiddenByte));
        assert_eq!(check_bytes(b"/v1 x"), Err(PathError::ForbiddenByte));
        assert_eq!(check_bytes("/é".as_bytes()), Err(PathError::ForbiddenByte));
    }

    #[test]
    fn of_an_absolute_target_only_the_path_counts() {
        let target = "http://elsewhere.example/v1/chat?x=1".parse().unwrap();
        assert_eq!(check(&Method::GET, &target), Ok("/v1/chat"));
        let target = "http://elsewhere.example/a/../b".parse().unwrap();
        assert_eq!(check(&Method::GET, &target), Err(PathError::DotSegment));
    }

    #[test]
    fn connect_and_asterisk_are_no_paths() {
        assert_eq!(check(&Method::OPTIONS, &"*".parse().unwrap()), Err(PathError::Method));
        assert_eq!(check(&Method::CONNECT, &"host.example:443".parse().unwrap()), Err(PathError::Method));
    }
}
