//! Whom a browser speaks for. A port that spends credentials on whoever reaches it must not do so for a web page that
//! makes its reader's browser reach it: by a name that it has pointed at this machine (DNS rebinding), or across sites.
//!
//! A page can choose neither `Host` nor `Origin`. So `Host` has to be an address, `localhost` or a configured name, and
//! `Origin`, where there is one, the port's own or a configured one. Where clients need a key no page has it, and
//! nothing is checked.

use std::net::IpAddr;

use http::header::{HOST, ORIGIN};
use http::{HeaderMap, HeaderName, Uri};

use crate::config::Config;

/// Who may speak for a browser's reader.
#[derive(Clone, Debug, Default)]
pub struct Origins {
    /// `None`: reaching the port spends nothing.
    allowed: Option<Allowed>,
}

#[derive(Clone, Debug)]
struct Allowed {
    hosts: Box<[String]>,
    origins: Box<[String]>,
}

/// Why a request is not taken to be its client's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    /// No `Host`, several, or a name that anybody could have pointed here.
    #[error("requests under this host name are not accepted: use the address, or name it in `server.hosts`")]
    Host,
    /// A page of another site.
    #[error("requests from pages of this origin are not accepted: name it in `server.origins`")]
    Origin,
}

impl Origins {
    /// Checks where a credential is injected and no key is asked for.
    pub fn new(config: &Config) -> Origins {
        let ambient = config.server.keys.is_empty() && config.injecting().is_some();
        let (hosts, origins) = (config.server.hosts.clone(), config.server.origins.clone());
        Origins { allowed: ambient.then(|| Allowed { hosts: hosts.into(), origins: origins.into() }) }
    }

    /// Checks a request.
    pub fn check(&self, target: &Uri, headers: &HeaderMap) -> Result<(), OriginError> {
        let Some(allowed) = &self.allowed else { return Ok(()) };
        let mut hosts = headers.get_all(HOST).iter();
        let header = hosts.next().map(|host| host.to_str().map_err(|_| OriginError::Host)).transpose()?;
        if hosts.next().is_some() {
            return Err(OriginError::Host);
        }
        // HTTP/2 has its host in the target, and so has an absolute target; both count then.
        let named = [header, target.authority().map(http::uri::Authority::as_str)];
        let mut named = named.into_iter().flatten();
        let host = named.next().ok_or(OriginError::Host)?;
        if !allowed.host(host) || !named.all(|host| allowed.host(host)) {
            return Err(OriginError::Host);
        }
        let mut origins = headers.get_all(ORIGIN).iter().peekable();
        let foreign = origins.peek().is_none() && headers.get(FETCH_SITE).is_some_and(|site| site == "cross-site");
        if foreign || !origins.all(|origin| origin.to_str().is_ok_and(|origin| allowed.origin(origin, host))) {
            return Err(OriginError::Origin);
        }
        Ok(())
    }
}

impl Allowed {
    fn host(&self, host: &str) -> bool {
        let name = without_port(host).to_ascii_lowercase();
        let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(&name);
        let name = name.trim_end_matches('.');
        name == "localhost" || bare.parse::<IpAddr>().is_ok() || self.hosts.iter().any(|known| known == name)
    }

    fn origin(&self, origin: &str, host: &str) -> bool {
        let own = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        own.is_some_and(|own| own.eq_ignore_ascii_case(host))
            || self.origins.iter().any(|known| known.eq_ignore_ascii_case(origin))
    }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

/// What browsers say of a request whose origin they leave out (W3C Fetch Metadata).
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use http::HeaderValue;

    use super::*;
    use crate::config::Upstream;

    fn origins(keys: bool) -> Origins {
        let mut key = HeaderValue::from_static("k");
        key.set_sensitive(true);
        let mut config = Config::default();
        config.server.hosts = vec!["palisade.internal".to_owned()];
        config.server.origins = vec!["https://chat.acme.com".to_owned()];
        config.server.keys = if keys { vec![[0; 32]] } else { Vec::new() };
        config.upstreams = vec![Upstream {
            name: "u".to_owned(),
            url: "http://u".parse().unwrap(),
            headers: vec![(http::header::AUTHORIZATION, key)],
            timeouts: crate::config::Timeouts::default(),
        }];
        Origins::new(&config)
    }

    fn check(origins: &Origins, target: &str, list: &[(&'static str, &'static str)]) -> Result<(), OriginError> {
        let pairs = list.iter().map(|&(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        origins.check(
            &target.parse().unwrap(),
            &pairs.fold(HeaderMap::new(), |mut map, (name, value)| {
                map.append(name, value);
                map
            }),
        )
    }

    #[test]
    fn names_that_anybody_can_point_here_are_refused() {
        let origins = origins(false);
        for host in [
            "127.0.0.1:8080",
            "localhost",
            "LocalHost.:1",
            "[::1]:8080",
            "10.0.0.5",
            "palisade.internal:80",
            "PALISADE.internal.",
        ] {
            assert_eq!(check(&origins, "/v1", &[("host", host)]), Ok(()), "{host}");
        }
        for host in
            ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:8080", "", ":8080", "a@127.0.0.1"]
        {
            assert_eq!(check(&origins, "/v1", &[("host", host)]), Err(OriginError::Host), "{host}");
        }
        assert_eq!(check(&origins, "/v1", &[]), Err(OriginError::Host));
        assert_eq!(check(&origins, "http://localhost/v1", &[]), Ok(()));
        assert_eq!(check(&origins, "http://evil.example/v1", &[("host", "localhost")]), Err(OriginError::Host));
        assert_eq!(check(&origins, "/v1", &[("host", "localhost"), ("host", "evil.example")]), Err(OriginError::Host));
    }

    #[test]
    fn pages_of_other_sites_are_refused() {
        let origins = origins(false);
        let from = |name, value| check(&origins, "/v1", &[("host", "localhost:8080"), (name, value)]);
        for origin in ["http://localhost:8080", "https://chat.acme.com"] {
            assert_eq!(from("origin", origin), Ok(()), "{origin}");
        }
        for origin in ["null", "http://localhost:3000", "https://evil.example", "https://chat.acme.com.evil.example"] {
            assert_eq!(from("origin", origin), Err(OriginError::Origin), "{origin}");
        }
        assert_eq!(from("sec-fetch-site", "cross-site"), Err(OriginError::Origin));
        assert_eq!(from("sec-fetch-site", "none"), Ok(()));
    }

    #[test]
    fn with_keys_no_page_can_do_harm() {
        let list = [("host", "anything.example"), ("origin", "https://chat.example")];
        assert_eq!(check(&origins(true), "/v1", &list), Ok(()));
        assert_eq!(check(&Origins::default(), "/v1", &list), Ok(()));
    }
}
