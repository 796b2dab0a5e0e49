//! Compressed RTF (MS-OXRTFCP): LZFu with its checksum, or uncompressed.

use super::input::Broken;

/// What the dictionary begins with (MS-OXRTFCP, 2.1.2.1).
const DICTIONARY: &[u8] = b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \
\\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\
\\b\\i\\u\\tab\\tx";
const DICTIONARY_SIZE: usize = 4096;
const COMPRESSED: u32 = 0x7546_5a4c;
const UNCOMPRESSED: u32 = 0x414c_454d;
/// Octets of the header after its first field, which are counted in that field.
const COUNTED_HEADER: u64 = 12;

/// The RTF, which may be `limit` octets long.
pub(super) fn decompressed(octets: &[u8], limit: usize) -> Result<Vec<u8>, Broken> {
    let (head, rest) = octets.split_first_chunk::<16>().ok_or(Broken("compressed RTF without its header"))?;
    let field = |at: usize| head[at..].first_chunk().map_or(0, |field| u32::from_le_bytes(*field));
    let (size, raw_size, kind, checksum) = (field(0), field(4), field(8), field(12));
    if raw_size as usize > limit {
        return Err(Broken("longer RTF than the limit"));
    }
    let length = u64::from(size).checked_sub(COUNTED_HEADER).and_then(|length| usize::try_from(length).ok());
    let contents = length.and_then(|length| rest.get(..length)).ok_or(Broken("compressed RTF that ends early"))?;
    let rtf = match kind {
        COMPRESSED if crc(contents) != checksum => return Err(Broken("a wrong checksum of the RTF")),
        COMPRESSED => expanded(contents, raw_size as usize)?,
        UNCOMPRESSED => contents.get(..raw_size as usize).ok_or(Broken("RTF that ends early"))?.to_vec(),
        _ => return Err(Broken("RTF compressed in a way that is not known")),
    };
    Ok(rtf)
}

/// CRC-32 without the usual inversions (MS-OXRTFCP, 2.1.3.2).
fn crc(octets: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new_with_initial(u32::MAX);
    hasher.update(octets);
    !hasher.finalize()
}

/// Runs of eight tokens, each run after an octet that says which of them are references into the dictionary
/// (MS-OXRTFCP, 2.1.3.1.4). A reference to the place that is written next ends the text.
fn expanded(contents: &[u8], size: usize) -> Result<Vec<u8>, Broken> {
    const SHORT: Broken = Broken("compressed RTF that ends early");
    let mut dictionary = [0; DICTIONARY_SIZE];
    dictionary[..DICTIONARY.len()].copy_from_slice(DICTIONARY);
    let mut write = DICTIONARY.len();
    let mut out = Vec::new();
    let mut put = |out: &mut Vec<u8>, dictionary: &mut [u8; DICTIONARY_SIZE], octet: u8| {
        out.push(octet);
        dictionary[write] = octet;
        write = (write + 1) % DICTIONARY_SIZE;
        write
    };
    let mut at_write = DICTIONARY.len();
    let mut input = contents.iter().copied();
    while let Some(control) = input.next() {
        for bit in 0..8 {
            if out.len() > size {
                return Err(Broken("more RTF than announced"));
            }
            let Some(first) = input.next() else { break };
            if control >> bit & 1 == 0 {
                at_write = put(&mut out, &mut dictionary, first);
                continue;
            }
            let reference = u16::from_be_bytes([first, input.next().ok_or(SHORT)?]);
            let (from, length) = (usize::from(reference >> 4), usize::from(reference & 0xf) + 2);
            if from == at_write {
                return if out.len() == size { Ok(out) } else { Err(SHORT) };
            }
            for step in 0..length {
                let octet = dictionary[(from + step) % DICTIONARY_SIZE];
                at_write = put(&mut out, &mut dictionary, octet);
            }
        }
    }
    // Some writers leave the end out.
    if out.len() == size { Ok(out) } else { Err(SHORT) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// MS-OXRTFCP, 3.1.1 and 3.1.2: the examples of the specification.
    #[test]
    fn the_examples_of_the_specification_are_read() {
        let simple = [
            0x2d, 0, 0, 0, 0x2b, 0, 0, 0, 0x4c, 0x5a, 0x46, 0x75, 0xf1, 0xc5, 0xc7, 0xa7, 0x03, 0x00, 0x0a, 0x00, 0x72,
            0x63, 0x70, 0x67, 0x31, 0x32, 0x35, 0x42, 0x32, 0x0a, 0xf3, 0x20, 0x68, 0x65, 0x6c, 0x09, 0x00, 0x20, 0x62,
            0x77, 0x05, 0xb0, 0x6c, 0x64, 0x7d, 0x0a, 0x80, 0x0f, 0xa0,
        ];
        let crossing = [
            0x1a, 0, 0, 0, 0x1c, 0, 0, 0, 0x4c, 0x5a, 0x46, 0x75, 0xe2, 0xd4, 0x4b, 0x51, 0x41, 0x00, 0x04, 0x20, 0x57,
            0x58, 0x59, 0x5a, 0x0d, 0x6e, 0x7d, 0x01, 0x0e, 0xb0,
        ];
        assert_eq!(decompressed(&simple, 100).unwrap(), b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n");
        assert_eq!(decompressed(&crossing, 100).unwrap(), b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}");
        assert!(decompressed(&simple, 42).is_err());
        for at in 0..simple.len() {
            assert!(decompressed(&simple[..at], 100).is_err(), "cut at {at}");
            let mut changed = simple;
            changed[at] ^= 1;
            // Everything but the header's unused sizes counts.
            assert!(decompressed(&changed, 100).is_err(), "changed at {at}");
        }
    }

    #[test]
    fn a_few_octets_do_not_become_many() {
        let mut contents = vec![0xff; 1 << 16];
        contents.chunks_exact_mut(17).for_each(|run| run[1..].fill(0x0f));
        let mut octets = Vec::new();
        for field in [u32::try_from(contents.len()).unwrap() + 12, u32::MAX, COMPRESSED, crc(&contents)] {
            octets.extend_from_slice(&field.to_le_bytes());
        }
        octets.extend_from_slice(&contents);
        assert!(decompressed(&octets, 4 << 20).is_err());
        octets[4..8].copy_from_slice(&1000u32.to_le_bytes());
        assert_eq!(decompressed(&octets, 4 << 20), Err(Broken("more RTF than announced")));
    }
}
