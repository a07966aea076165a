//! Who is let in, and with what: keys, host and origin, and what a request's head may be.

use http::header::TRANSFER_ENCODING;
use http::request::Parts;

use super::error::RequestError;
use super::keys::{Keys, presented};
use super::origin::Origins;
use crate::budget::Spender;
use crate::config::Config;

/// What every request has to pass before anything is done for it.
#[derive(Debug)]
pub struct Access {
    keys: Keys,
    origins: Origins,
    max_head: usize,
}

impl Access {
    /// As the configuration says.
    pub fn new(config: &Config) -> Access {
        Access { keys: Keys::new(&config.server.keys), origins: Origins::new(config), max_head: config.server.max_head }
    }

    /// Lets a request in, or not. Palisade's key is taken out of it. With `asks`, gives the keys by which it is known: those
    /// that let it in, else all that it came with.
    pub fn admit(&self, request: &mut Parts, asks: bool) -> Result<Vec<Spender>, RequestError> {
        let target = request.uri.path_and_query().map_or(0, |target| target.as_str().len());
        // As both versions of HTTP count: with the colon, the space and the line's end.
        let fields = request.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4);
        if target + fields.sum::<usize>() > self.max_head {
            return Err(RequestError::HeadTooLong(self.max_head));
        }
        // hyper undoes `chunked`; of what may lie below it, nobody would be told.
        let codings = request.headers.get_all(TRANSFER_ENCODING);
        if codings.iter().any(|coding| !coding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked")) {
            return Err(RequestError::NotAvailable("this transfer coding"));
        }
        self.origins.check(&request.uri, &request.headers)?;
        let mut keys = if asks { presented(request) } else { Vec::new() };
        if !self.keys.admit(&mut request.headers) {
            return Err(RequestError::NoKey);
        }
        if self.keys.are_needed() && !keys.is_empty() {
            let others = presented(request);
            keys.retain(|key| !others.contains(key));
        }
        Ok(keys)
    }
}
