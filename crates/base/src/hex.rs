//! Octets as lower-case hexadecimal digits, two each (RFC 4648, 8, in lower case).

use std::fmt::Write as _;

/// Octets as digits.
#[must_use]
pub fn encode(octets: &[u8]) -> String {
    octets.iter().fold(String::with_capacity(octets.len() * 2), |mut digits, octet| {
        // Writing into a String cannot fail.
        let _ = write!(digits, "{octet:02x}");
        digits
    })
}

/// Octets from digits of either case; none where there are other characters or an odd number of digits.
#[must_use]
pub fn decode(digits: &str) -> Option<Vec<u8>> {
    let digit = |octet: u8| char::from(octet).to_digit(16);
    let (pairs, []) = digits.as_bytes().as_chunks::<2>() else { return None };
    pairs.iter().map(|[high, low]| u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(decode(&encode(&all)).unwrap(), all);
        assert_eq!((encode(&[0, 0xab]), decode("00AB").unwrap()), ("00ab".to_owned(), vec![0, 0xab]));
        for wrong in ["0", "0g", "é", "+1"] {
            assert_eq!(decode(wrong), None, "{wrong}");
        }
    }
}
