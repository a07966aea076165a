//! The name of one request in headers, logs and verdicts.

use std::fmt;

use bytes::Bytes;
use http::HeaderValue;
use ulid::Ulid;

/// A ULID: sorts by time, and says nothing about the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RequestId(Ulid);

impl RequestId {
    /// A fresh id.
    #[expect(clippy::new_without_default, reason = "every id differs, so there is no default one")]
    pub fn new() -> RequestId {
        RequestId(Ulid::new())
    }

    /// As the value of `x-palisade-id`.
    pub fn header(self) -> HeaderValue {
        let mut buffer = [0; ulid::ULID_LEN];
        let text = Bytes::copy_from_slice(self.0.array_to_str(&mut buffer).as_bytes());
        // Crockford's base 32 holds letters and digits only; the other arm is never taken.
        HeaderValue::from_maybe_shared(text).unwrap_or(HeaderValue::from_static("-"))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
