//! Who is calling: from a header that only trusted networks may set, or from the client's own API key.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use http::HeaderMap;
use http::header::AUTHORIZATION;
use sha2::{Digest, Sha256};

use super::error::RequestError;
use crate::config::{TenantFrom, Tenants};
use crate::upstream::headers;

/// The configured tenants, ready to be recognised.
#[derive(Clone, Debug)]
pub(super) struct TenantTable {
    from: TenantFrom,
    reject_unknown: bool,
    by_name: HashMap<Arc<str>, Arc<str>>,
    by_key: HashMap<[u8; 32], Arc<str>>,
}

impl TenantTable {
    pub(super) fn new(tenants: &Tenants) -> TenantTable {
        let names = tenants.list.iter().map(|tenant| (Arc::clone(&tenant.name), Arc::clone(&tenant.name)));
        let keys =
            tenants.list.iter().flat_map(|tenant| tenant.keys.iter().map(|key| (*key, Arc::clone(&tenant.name))));
        TenantTable {
            from: tenants.from.clone(),
            reject_unknown: tenants.reject_unknown,
            by_name: names.collect(),
            by_key: keys.collect(),
        }
    }

    /// The request's tenant; `None`: nobody's. A tenant header from strangers is taken out, so that nothing behind
    /// believes it either.
    pub(super) fn resolve(&self, peer: IpAddr, headers: &mut HeaderMap) -> Result<Option<Arc<str>>, RequestError> {
        let (tenant, unknown) = match &self.from {
            TenantFrom::Header { name, trusted } => {
                if headers.get_all(name).iter().count() > 1 {
                    return Err(RequestError::Tenant);
                }
                if !trusted.iter().any(|network| network.contains(peer)) {
                    headers::take_out(headers, name);
                }
                let named = headers.get(name).and_then(|value| value.to_str().ok());
                (named.and_then(|named| self.by_name.get(named.trim())).cloned(), RequestError::UnknownTenant)
            }
            TenantFrom::Key => (self.by_keys(headers)?, RequestError::UnknownKey),
        };
        if tenant.is_none() && self.reject_unknown { Err(unknown) } else { Ok(tenant) }
    }

    /// Keys of two tenants in one request are as bad as two names.
    fn by_keys(&self, headers: &HeaderMap) -> Result<Option<Arc<str>>, RequestError> {
        let mut found: Option<&Arc<str>> = None;
        for key in keys(headers) {
            // The digest, and not the key, is looked up: how long that takes says nothing about any key.
            let Some(tenant) = self.by_key.get(&<[u8; 32]>::from(Sha256::digest(key))) else { continue };
            if found.is_some_and(|found| found != tenant) {
                return Err(RequestError::Tenant);
            }
            found = Some(tenant);
        }
        Ok(found.cloned())
    }
}

/// The API keys of a request, in the headers that providers take them in.
fn keys(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    let bearer = headers.get_all(AUTHORIZATION).iter().filter_map(|value| {
        let (scheme, key) = value.as_bytes().split_at_checked(7)?;
        scheme.eq_ignore_ascii_case(b"bearer ").then(|| key.trim_ascii())
    });
    let bare = KEYS.into_iter().flat_map(|name| headers.get_all(name));
    bearer.chain(bare.map(|value| value.as_bytes().trim_ascii()))
}

/// Headers that hold a bare key.
const KEYS: [&str; 3] = ["x-api-key", "api-key", "x-goog-api-key"];

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use http::{HeaderName, HeaderValue};

    use super::*;
    use crate::config::Tenant;

    fn table(from: TenantFrom, reject_unknown: bool) -> TenantTable {
        let tenant = |name: &str, key: &str| Tenant {
            name: name.into(),
            policy: Vec::new(),
            vars: crate::config::Vars::default(),
            keys: vec![Sha256::digest(key).into()],
        };
        let list = vec![tenant("acme", "sk-acme"), tenant("beta", "sk-beta")];
        TenantTable::new(&Tenants { from, reject_unknown, list })
    }

    fn headers(list: &[(&'static str, &'static str)]) -> HeaderMap {
        list.iter().map(|(n, v)| (HeaderName::from_static(n), HeaderValue::from_static(v))).collect()
    }

    fn resolve(table: &TenantTable, peer: &str, headers: &mut HeaderMap) -> Result<Option<String>, u16> {
        let found = table.resolve(peer.parse().unwrap(), headers);
        found.map(|tenant| tenant.map(|tenant| tenant.to_string())).map_err(|error| error.status().as_u16())
    }

    #[test]
    fn a_header_is_believed_from_trusted_networks_only() {
        let from =
            || TenantFrom::Header { name: "x-tenant".parse().unwrap(), trusted: vec!["10.0.0.0/8".parse().unwrap()] };
        let (lax, strict) = (table(from(), false), table(from(), true));
        let acme = || headers(&[("a", "1"), ("x-tenant", "acme"), ("b", "2")]);
        assert_eq!(resolve(&lax, "10.1.1.1", &mut acme()), Ok(Some("acme".to_owned())));
        let mut stranger = acme();
        assert_eq!(resolve(&lax, "11.1.1.1", &mut stranger), Ok(None));
        assert_eq!(stranger.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(resolve(&strict, "11.1.1.1", &mut acme()), Err(403));
        for name in ["nobody", "", "acme, beta", "ACME"] {
            let mut odd = headers(&[("x-tenant", name)]);
            assert_eq!(resolve(&lax, "10.1.1.1", &mut odd.clone()), Ok(None), "{name}");
            assert_eq!(resolve(&strict, "10.1.1.1", &mut odd), Err(403), "{name}");
        }
        let mut twice = headers(&[("x-tenant", "acme"), ("x-tenant", "acme")]);
        assert_eq!(resolve(&lax, "10.1.1.1", &mut twice), Err(400));
        assert_eq!(resolve(&lax, "11.1.1.1", &mut twice), Err(400));
    }

    #[test]
    fn a_key_is_its_tenants_wherever_a_provider_takes_it() {
        let (lax, strict) = (table(TenantFrom::Key, false), table(TenantFrom::Key, true));
        for (name, value) in
            [("authorization", "Bearer sk-acme"), ("authorization", "bearer  sk-acme"), ("x-api-key", "sk-acme")]
        {
            let mut headers = headers(&[(name, value)]);
            assert_eq!(resolve(&strict, "9.9.9.9", &mut headers), Ok(Some("acme".to_owned())), "{name}: {value}");
            assert_eq!(headers.len(), 1, "keys pass through");
        }
        let mut other = headers(&[("authorization", "Bearer sk-other"), ("x-tenant", "acme")]);
        assert_eq!(resolve(&lax, "9.9.9.9", &mut other), Ok(None));
        assert_eq!(resolve(&strict, "9.9.9.9", &mut other), Err(401));
        let mut two = headers(&[("authorization", "Bearer sk-acme"), ("x-api-key", "sk-beta")]);
        assert_eq!(resolve(&lax, "9.9.9.9", &mut two), Err(400));
    }
}
