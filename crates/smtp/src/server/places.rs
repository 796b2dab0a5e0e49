//! How many connections each address has.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
};

/// The connections of a listener, by address.
#[derive(Clone, Default)]
pub(super) struct Places(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// A connection's place; given back when it is dropped.
pub(super) struct Place {
    places: Places,
    peer: IpAddr,
    /// How many others the peer has.
    pub(super) others: usize,
}

impl Places {
    pub(super) fn take(&self, address: IpAddr) -> Place {
        let peer = peer(address);
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = places.entry(peer).or_default();
        *count += 1;
        Place { places: self.clone(), peer, others: *count - 1 }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut places = self.places.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = places.get_mut(&self.peer) {
            *count -= 1;
            if *count == 0 {
                places.remove(&self.peer);
            }
        }
    }
}

/// Whom an address belongs to: IPv4 in IPv6 is IPv4, and of IPv6 a peer has a network of 64 bits.
#[must_use]
pub fn peer(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(six) => IpAddr::V6(Ipv6Addr::from_bits(six.to_bits() >> 64 << 64)),
        four @ IpAddr::V4(_) => four,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // spec: RCV-RATE
    #[test]
    fn places_are_counted_by_peer_and_given_back() {
        let places = Places::default();
        let take = |address: &str| places.take(address.parse().unwrap());
        let first = take("192.0.2.1");
        let second = take("::ffff:192.0.2.1");
        assert_eq!((first.others, second.others, take("192.0.2.2").others), (0, 1, 0));
        drop(first);
        assert_eq!(take("192.0.2.1").others, 1);
        let six = take("2001:db8::1");
        assert_eq!((take("2001:db8::2").others, take("2001:db8:0:1::1").others), (1, 0));
        drop((second, six));
        assert!(places.0.lock().unwrap().is_empty());
    }
}
