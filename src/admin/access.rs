//! Who may ask for what.
//!
//! Health is anybody's. Reading is free on a loopback address, else it needs the token; changes always need it. A page in
//! somebody's browser must not speak for them: `Host` has to be an address or a known name (a page can point a name of
//! its own here, never an address: DNS rebinding), and `Origin`, where there is one, this very port.

use std::net::{IpAddr, SocketAddr};

use http::header::{AUTHORIZATION, HOST, ORIGIN};
use http::request::Parts;
use sha2::{Digest, Sha256};

use super::answer::Fault;
use crate::config::Secret;

/// How much a request may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// Say whether all is well.
    Nothing,
    /// Look, and judge text.
    Read,
    /// Change what runs.
    Change,
}

/// The port's rules.
pub(super) struct Access {
    /// SHA-256 of the token: comparing digests tells nothing about it by how long it takes.
    token: [u8; 32],
    loopback: bool,
    hosts: Vec<String>,
}

impl Access {
    pub(super) fn new(token: &Secret, listen: SocketAddr, hosts: Vec<String>) -> Access {
        Access { token: Sha256::digest(token.expose()).into(), loopback: listen.ip().is_loopback(), hosts }
    }

    pub(super) fn check(&self, peer: SocketAddr, request: &Parts, need: Need) -> Result<(), Fault> {
        if need == Need::Nothing {
            return Ok(());
        }
        let host = self.host(request)?;
        let mut origins = request.headers.get_all(ORIGIN).iter();
        let own = |origin: &[u8]| {
            let rest = origin.strip_prefix(b"http://").or(origin.strip_prefix(b"https://"));
            rest.is_some_and(|rest| rest.eq_ignore_ascii_case(host.as_bytes()))
        };
        if !origins.all(|origin| own(origin.as_bytes())) {
            return Err(Fault::Origin);
        }
        let site = request.headers.get_all("sec-fetch-site").iter();
        if site.map(http::HeaderValue::as_bytes).any(|site| !matches!(site, b"same-origin" | b"none")) {
            return Err(Fault::Origin);
        }
        let free = need == Need::Read && self.loopback && peer.ip().to_canonical().is_loopback();
        if free || self.has_token(request) { Ok(()) } else { Err(Fault::Token) }
    }

    /// The one `Host`, if it is one that a browser cannot be led to by somebody else's name.
    fn host<'r>(&self, request: &'r Parts) -> Result<&'r str, Fault> {
        let mut hosts = request.headers.get_all(HOST).iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else { return Err(Fault::Host) };
        let host = host.to_str().map_err(|_| Fault::Host)?;
        let name = match host.strip_prefix('[') {
            Some(rest) => rest.split_once(']').map(|(name, _)| name).ok_or(Fault::Host)?,
            None => host.rsplit_once(':').map_or(host, |(name, _)| name),
        };
        let known = name.parse::<IpAddr>().is_ok()
            || name.eq_ignore_ascii_case("localhost")
            || self.hosts.iter().any(|known| known.eq_ignore_ascii_case(name));
        if known { Ok(host) } else { Err(Fault::Host) }
    }

    fn has_token(&self, request: &Parts) -> bool {
        let mut given = request.headers.get_all(AUTHORIZATION).iter();
        let (Some(given), None) = (given.next(), given.next()) else { return false };
        let Some((scheme, token)) = given.as_bytes().split_at_checked(7) else { return false };
        scheme.eq_ignore_ascii_case(b"bearer ") && <[u8; 32]>::from(Sha256::digest(token.trim_ascii())) == self.token
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use http::Request;

    use super::*;

    fn ask(listen: &str, peer: &str, need: Need, headers: &[(&str, &str)]) -> u16 {
        let hosts = vec!["palisade.internal".to_owned()];
        let access = Access::new(&Secret::new("a-long-enough-token"), listen.parse().unwrap(), hosts);
        let request = headers.iter().fold(Request::builder(), |request, (name, value)| request.header(*name, *value));
        let (parts, ()) = request.body(()).unwrap().into_parts();
        access.check(peer.parse().unwrap(), &parts, need).map_or_else(|fault| fault.status().as_u16(), |()| 200)
    }

    const TOKEN: (&str, &str) = ("authorization", "Bearer a-long-enough-token");
    const HERE: (&str, &str) = ("host", "127.0.0.1:8081");

    #[test]
    fn reading_is_free_on_loopback_alone_and_changing_never() {
        let local = |need, headers: &[_]| ask("127.0.0.1:8081", "127.0.0.1:9", need, headers);
        let remote = |need, headers: &[_]| ask("0.0.0.0:8081", "10.0.0.9:9", need, headers);
        assert_eq!(local(Need::Read, &[HERE]), 200);
        assert_eq!(local(Need::Change, &[HERE]), 401);
        assert_eq!(local(Need::Change, &[HERE, TOKEN]), 200);
        assert_eq!(local(Need::Change, &[HERE, ("authorization", "Bearer a-long-enough-tokem")]), 401);
        assert_eq!(local(Need::Change, &[HERE, TOKEN, TOKEN]), 401);
        assert_eq!(remote(Need::Nothing, &[]), 200);
        assert_eq!(remote(Need::Read, &[HERE]), 401);
        assert_eq!(remote(Need::Read, &[HERE, TOKEN]), 200);
        // A proxy on the same machine speaks for strangers.
        assert_eq!(ask("0.0.0.0:8081", "127.0.0.1:9", Need::Read, &[HERE]), 401);
    }

    #[test]
    fn a_page_cannot_speak_for_the_person_before_it() {
        let read = |headers: &[_]| ask("127.0.0.1:8081", "127.0.0.1:9", Need::Read, headers);
        for host in ["127.0.0.1:8081", "localhost:8081", "[::1]:8081", "LOCALHOST", "palisade.internal:8081"] {
            assert_eq!(read(&[("host", host)]), 200, "{host}");
        }
        for host in ["evil.example:8081", "127.0.0.1.evil.example", "localhost.evil.example:8081", "", "[::1"] {
            assert_eq!(read(&[("host", host)]), 403, "{host}");
        }
        assert_eq!(read(&[]), 403);
        assert_eq!(read(&[HERE, HERE]), 403);
        assert_eq!(read(&[HERE, ("origin", "http://127.0.0.1:8081")]), 200);
        for origin in ["http://evil.example", "null", "http://127.0.0.1:8080", "http://127.0.0.1:8081.evil.example"] {
            assert_eq!(read(&[HERE, ("origin", origin)]), 403, "{origin}");
            assert_eq!(read(&[HERE, TOKEN, ("origin", origin)]), 403, "{origin}");
        }
        assert_eq!(read(&[HERE, ("sec-fetch-site", "cross-site")]), 403);
        assert_eq!(read(&[HERE, ("sec-fetch-site", "same-origin")]), 200);
    }
}
