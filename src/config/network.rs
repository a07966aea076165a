//! Networks in CIDR notation (RFC 4632, RFC 4291).

use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

/// The addresses that share their first bits with one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// As an IPv6 address; IPv4 is mapped (RFC 4291, section 2.5.5.2).
    address: u128,
    /// How many of its 128 bits count.
    bits: u8,
}

impl Network {
    /// Whether the address belongs to it. An IPv4 address counts as itself also when it is mapped into IPv6.
    pub fn contains(&self, address: IpAddr) -> bool {
        (bits_of(address) ^ self.address).leading_zeros() >= u32::from(self.bits)
    }
}

impl FromStr for Network {
    type Err = ();

    /// `10.0.0.0/8`, `fd00::/8`, or one address.
    fn from_str(text: &str) -> Result<Network, ()> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| ())?;
        let longest: u8 = if address.is_ipv4() { 32 } else { 128 };
        let digits = |bits: &str| !bits.is_empty() && bits.bytes().all(|byte| byte.is_ascii_digit());
        let bits = match bits {
            None => longest,
            Some(bits) if digits(bits) => bits.parse().map_err(|_| ())?,
            Some(_) => return Err(()),
        };
        if bits > longest {
            return Err(());
        }
        Ok(Network { address: bits_of(address), bits: bits + (128 - longest) })
    }
}

fn bits_of(address: IpAddr) -> u128 {
    let address: Ipv6Addr = match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    };
    address.to_bits()
}

#[cfg(test)]
mod tests {
    use super::Network;

    #[test]
    fn addresses_belong_to_their_networks() {
        for (network, address, inside) in [
            ("127.0.0.0/8", "127.9.9.9", true),
            ("127.0.0.0/8", "128.0.0.1", false),
            ("10.1.2.3", "10.1.2.3", true),
            ("10.1.2.3", "10.1.2.4", false),
            ("0.0.0.0/0", "255.1.1.1", true),
            ("0.0.0.0/0", "::1", false),
            ("10.0.0.0/8", "::ffff:10.1.1.1", true),
            ("::1", "::1", true),
            ("fd00::/8", "fdff::1", true),
            ("fd00::/8", "fe00::1", false),
            ("::/0", "::ffff:10.1.1.1", true),
            ("192.168.128.0/17", "192.168.127.255", false),
        ] {
            let network_ = network.parse::<Network>();
            let address_ = address.parse();
            assert_eq!(
                network_.ok().zip(address_.ok()).map(|(n, a)| n.contains(a)),
                Some(inside),
                "{network} {address}"
            );
        }
        for bad in ["", "10.0.0.0/33", "::/129", "10.0.0/8", "10.0.0.0/", "10.0.0.0/+8", "host/8", "10.0.0.0/8/8"] {
            assert_eq!(bad.parse::<Network>(), Err(()), "{bad}");
        }
    }
}
