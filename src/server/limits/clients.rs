//! How many requests each client has under way.
//!
//! Clients are told apart by a keyed hash of their address in a table of fixed size, without a lock. Two clients may
//! share a place by chance, one pair in 65,536, and then share the bound; nobody can choose whose place to share.

use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Counts by client.
#[derive(Clone, Debug)]
pub struct Clients {
    places: Arc<[AtomicU32]>,
    hasher: RandomState,
    max: usize,
}

/// One of a client's slots. It is free again when this is dropped.
#[derive(Debug)]
pub struct ClientSlot {
    places: Arc<[AtomicU32]>,
    place: usize,
}

impl Clients {
    /// Room for `max` requests of each client.
    pub fn new(max: usize) -> Clients {
        Clients { places: (0..PLACES).map(|_| AtomicU32::new(0)).collect(), hasher: RandomState::new(), max }
    }

    /// The same clients under another bound.
    #[must_use]
    pub fn resized(&self, max: usize) -> Clients {
        Clients { places: Arc::clone(&self.places), hasher: self.hasher.clone(), max }
    }

    /// Takes one of the client's slots, if one is free.
    pub fn take(&self, client: IpAddr) -> Option<ClientSlot> {
        let place = (self.hasher.hash_one(network(client)) % PLACES as u64) as usize;
        let before = self.places.get(place)?.fetch_add(1, Ordering::Relaxed);
        let slot = ClientSlot { places: Arc::clone(&self.places), place };
        ((before as usize) < self.max).then_some(slot)
    }
}

impl Drop for ClientSlot {
    fn drop(&mut self) {
        if let Some(place) = self.places.get(self.place) {
            place.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// What one client has for itself: an IPv4 address, or the 64 bits of an IPv6 network (RFC 4291, section 2.5.4).
fn network(client: IpAddr) -> u64 {
    match client.to_canonical() {
        IpAddr::V4(address) => u64::from(address.to_bits()),
        IpAddr::V6(address) => (address.to_bits() >> 64) as u64,
    }
}

/// Places of the table.
const PLACES: usize = 1 << 16;

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn each_client_has_its_own_bound() {
        let clients = Clients::new(1);
        let [one, two, same, mapped]: [IpAddr; 4] =
            ["2001:db8::1", "2001:db8:0:1::1", "2001:db8::2", "::ffff:192.0.2.1"]
                .map(|address| address.parse().unwrap());
        let held = clients.take(one).unwrap();
        assert!(clients.take(same).is_none());
        drop(held);
        let held = (clients.take(same).unwrap(), clients.take("192.0.2.1".parse().unwrap()).unwrap());
        assert!(clients.take(mapped).is_none());
        assert_ne!(network(one), network(two));
        drop(held);
        assert!(clients.take(one).is_some());
    }
}
