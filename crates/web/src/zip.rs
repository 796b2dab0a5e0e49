//! A zip that is never made: since every file's size and CRC-32 are known, so is every octet's place, and any range of the
//! archive is some header octets and some files' ranges (spec X-RECEIVE). Stored, not compressed; ZIP64 where it must
//! be (PKWARE APPNOTE 6.3). Pure.

use std::ops::Range;

use bytes::Bytes;
use fubako_base::Timestamp;

/// A file to be in the archive.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    /// The file's number in the deposit.
    pub(crate) number: u32,
    /// Its name in the archive: safe and unlike all others.
    pub(crate) name: String,
    /// Octets.
    pub(crate) size: u64,
    /// CRC-32 (IEEE) of them.
    pub(crate) crc32: u32,
}

/// The archive's octets, described.
#[derive(Debug)]
pub(crate) struct Layout {
    segments: Vec<Segment>,
    length: u64,
}

#[derive(Debug)]
struct Segment {
    start: u64,
    content: Piece,
}

/// Some octets of the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// These.
    Octets(Bytes),
    /// Those of a file in a range.
    File {
        /// The file's number.
        number: u32,
        /// Which of its octets.
        range: Range<u64>,
    },
}

impl Piece {
    fn length(&self) -> u64 {
        match self {
            Self::Octets(octets) => octets.len() as u64,
            Self::File { range, .. } => range.end - range.start,
        }
    }

    /// The part of it in a range of its own octets.
    fn slice(&self, within: &Range<u64>) -> Self {
        match self {
            Self::Octets(octets) => {
                let held = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(octets.len());
                Self::Octets(octets.slice(held(within.start)..held(within.end)))
            }
            Self::File { number, range } => {
                Self::File { number: *number, range: range.start + within.start..range.start + within.end }
            }
        }
    }
}

/// What a 32-bit field says where the value stands in the ZIP64 extra field.
const SEE_ZIP64_32: u32 = u32::MAX;
const SEE_ZIP64_16: u16 = u16::MAX;
/// Version 4.5 knows ZIP64; 2.0 is the plain format. "Made by" is Unix, so that the file mode below counts.
const PLAIN: u16 = 20;
const ZIP64: u16 = 45;
const MADE_BY: u16 = 3 << 8 | ZIP64;
/// General purpose bit 11: the name is UTF-8.
const UTF8_NAME: u16 = 1 << 11;
const STORED: u16 = 0;
/// A regular file, `rw-r--r--`.
const MODE: u32 = 0o100_644 << 16;

impl Layout {
    /// The archive of these members, all dated `modified` on the calendar of `time_zone`.
    pub(crate) fn new(members: &[Member], modified: Timestamp, time_zone: &str) -> Self {
        let stamp = dos_time(modified, time_zone);
        let mut layout = Self { segments: Vec::with_capacity(members.len() * 2 + 1), length: 0 };
        let mut directory = Vec::new();
        for member in members {
            directory.extend(central_header(member, stamp, layout.length));
            layout.push(Piece::Octets(local_header(member, stamp).into()));
            layout.push(Piece::File { number: member.number, range: 0..member.size });
        }
        let (start, size) = (layout.length, directory.len() as u64);
        directory.extend(end_records(members.len() as u64, size, start));
        layout.push(Piece::Octets(directory.into()));
        layout
    }

    /// Octets of the whole archive.
    pub(crate) const fn length(&self) -> u64 {
        self.length
    }

    /// What a range (held at the length) consists of, in order, no piece empty.
    pub(crate) fn pieces(&self, range: &Range<u64>) -> Vec<Piece> {
        let overlapping = self.segments.iter().filter_map(|segment| {
            let end = segment.start + segment.content.length();
            let (from, to) = (range.start.max(segment.start), range.end.min(end));
            (from < to).then(|| segment.content.slice(&(from - segment.start..to - segment.start)))
        });
        overlapping.collect()
    }

    /// Every octet of headers and directory: with the files' digests, all that the archive depends on.
    pub(crate) fn headers(&self) -> impl Iterator<Item = &Bytes> {
        self.segments.iter().filter_map(|segment| match &segment.content {
            Piece::Octets(octets) => Some(octets),
            Piece::File { .. } => None,
        })
    }

    fn push(&mut self, content: Piece) {
        let start = self.length;
        self.length += content.length();
        self.segments.push(Segment { start, content });
    }
}

/// Little-endian fields, one after another.
#[derive(Default)]
struct Record(Vec<u8>);

impl Record {
    fn u16(&mut self, value: u16) -> &mut Self {
        self.0.extend(value.to_le_bytes());
        self
    }
    fn u32(&mut self, value: u32) -> &mut Self {
        self.0.extend(value.to_le_bytes());
        self
    }
    fn u64(&mut self, value: u64) -> &mut Self {
        self.0.extend(value.to_le_bytes());
        self
    }
}

/// The value where it fits, else the mark that it stands in the ZIP64 field.
fn narrow(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(SEE_ZIP64_32)
}

/// A length that was made to fit: names have at most 255 octets, extra fields 28.
fn short(length: usize) -> u16 {
    u16::try_from(length).unwrap_or(SEE_ZIP64_16)
}

/// The ZIP64 extra field with these values, or nothing where there are none.
fn zip64_extra(values: &[u64]) -> Vec<u8> {
    let mut extra = Record::default();
    if !values.is_empty() {
        extra.u16(0x0001).u16(short(values.len() * 8));
        values.iter().for_each(|value| {
            extra.u64(*value);
        });
    }
    extra.0
}

const fn too_wide(value: u64) -> bool {
    value >= SEE_ZIP64_32 as u64
}

fn local_header(member: &Member, (time, date): (u16, u16)) -> Vec<u8> {
    // A local header must have both sizes in the extra field, or neither.
    let extra = if too_wide(member.size) { zip64_extra(&[member.size, member.size]) } else { Vec::new() };
    let needed = if extra.is_empty() { PLAIN } else { ZIP64 };
    let mut header = Record::default();
    header.u32(0x0403_4b50).u16(needed).u16(UTF8_NAME).u16(STORED).u16(time).u16(date).u32(member.crc32);
    header.u32(narrow(member.size)).u32(narrow(member.size));
    header.u16(short(member.name.len())).u16(short(extra.len()));
    header.0.extend(member.name.as_bytes());
    header.0.extend(extra);
    header.0
}

fn central_header(member: &Member, (time, date): (u16, u16), offset: u64) -> Vec<u8> {
    let wide: Vec<u64> = [member.size, member.size, offset].into_iter().filter(|value| too_wide(*value)).collect();
    let extra = zip64_extra(&wide);
    let needed = if extra.is_empty() { PLAIN } else { ZIP64 };
    let mut header = Record::default();
    header.u32(0x0201_4b50).u16(MADE_BY).u16(needed).u16(UTF8_NAME).u16(STORED).u16(time).u16(date);
    header.u32(member.crc32).u32(narrow(member.size)).u32(narrow(member.size));
    header.u16(short(member.name.len())).u16(short(extra.len())).u16(0).u16(0).u16(0).u32(MODE).u32(narrow(offset));
    header.0.extend(member.name.as_bytes());
    header.0.extend(extra);
    header.0
}

fn end_records(count: u64, size: u64, start: u64) -> Vec<u8> {
    let few = u16::try_from(count).unwrap_or(SEE_ZIP64_16);
    let mut end = Record::default();
    if few == SEE_ZIP64_16 || too_wide(size) || too_wide(start) {
        end.u32(0x0606_4b50).u64(44).u16(MADE_BY).u16(ZIP64).u32(0).u32(0);
        end.u64(count).u64(count).u64(size).u64(start);
        end.u32(0x0706_4b50).u32(0).u64(start + size).u32(1);
    }
    end.u32(0x0605_4b50).u16(0).u16(0).u16(few).u16(few).u32(narrow(size)).u32(narrow(start)).u16(0);
    end.0
}

/// Time and date as MS-DOS has them: two-second steps, 1980 to 2107.
fn dos_time(time: Timestamp, zone: &str) -> (u16, u16) {
    let local = time.in_zone(zone);
    let field = |value: i8| u16::try_from(value).unwrap_or(0);
    let year = u16::try_from(local.year() - 1980).unwrap_or(0).min(127);
    (
        field(local.hour()) << 11 | field(local.minute()) << 5 | (field(local.second()) / 2),
        year << 9 | field(local.month()) << 5 | field(local.day()),
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]
    use std::{io::Write as _, process::Command};

    use super::*;

    /// 2026-11-21 23:30:16 in Tokyo.
    const SENT: Timestamp = Timestamp(1_795_271_416_000_000);

    fn member(number: u32, name: &str, content: &[u8]) -> Member {
        Member { number, name: name.to_owned(), size: content.len() as u64, crc32: crc32fast::hash(content) }
    }

    fn octets(layout: &Layout, range: Range<u64>, files: &[&[u8]]) -> Vec<u8> {
        let mut out = Vec::new();
        for piece in layout.pieces(&range) {
            match piece {
                Piece::Octets(octets) => out.extend(octets),
                Piece::File { number, range } => out.extend(
                    &files[number as usize - 1]
                        [usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap()],
                ),
            }
        }
        out
    }

    fn sample() -> (Layout, [&'static [u8]; 3]) {
        let files: [&[u8]; 3] = [b"hello, world\n", b"", "文箱".as_bytes()];
        let names = ["hello.txt", "empty.bin", "文箱 <見積書>.txt"];
        let members: Vec<_> = (1..).zip(names).zip(files).map(|((n, name), f)| member(n, name, f)).collect();
        (Layout::new(&members, SENT, "Asia/Tokyo"), files)
    }

    // spec: X-RECEIVE
    #[test]
    fn any_range_is_a_slice_of_the_whole() {
        let (layout, files) = sample();
        let whole = octets(&layout, 0..layout.length(), &files);
        assert_eq!(whole.len() as u64, layout.length());
        for from in 0..=whole.len() {
            for to in from..=whole.len() {
                assert_eq!(octets(&layout, from as u64..to as u64, &files), &whole[from..to], "{from}..{to}");
            }
        }
        assert!(layout.pieces(&(layout.length()..u64::MAX)).is_empty());
    }

    /// Two readers that are not ours agree with us. Python is what every machine with this test has had; where there
    /// is none, the test says so.
    #[test]
    fn python_and_unzip_read_it() {
        let (layout, files) = sample();
        let mut archive = tempfile::NamedTempFile::with_suffix(".zip").unwrap();
        archive.write_all(&octets(&layout, 0..layout.length(), &files)).unwrap();
        let script = "import sys, zipfile\nz = zipfile.ZipFile(sys.argv[1])\nassert z.testzip() is None\n\
             for i in z.infolist(): print(ascii(i.filename), i.file_size, i.date_time, z.read(i).hex())";
        match Command::new("python3").args(["-c", script]).arg(archive.path()).output() {
            Ok(run) => {
                let said = String::from_utf8_lossy(&run.stdout).into_owned() + &String::from_utf8_lossy(&run.stderr);
                let wanted = "'hello.txt' 13 (2026, 11, 21, 23, 30, 16) 68656c6c6f2c20776f726c640a\n\
                     'empty.bin' 0 (2026, 11, 21, 23, 30, 16) \n\
                     '\\u6587\\u7bb1 <\\u898b\\u7a4d\\u66f8>.txt' 6 (2026, 11, 21, 23, 30, 16) e69687e7aeb1\n";
                assert_eq!(said, wanted);
            }
            Err(_) => eprintln!("no python3 here: not compared"),
        }
        match Command::new("unzip").arg("-t").arg(archive.path()).output() {
            Ok(run) => assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stdout)),
            Err(_) => eprintln!("no unzip here: not compared"),
        }
    }

    /// Files that only exist as numbers: places and fields over 4 GiB, read back by the rules of the format.
    #[test]
    fn over_four_gigabytes_the_places_are_in_zip64_fields() {
        let big = u64::from(u32::MAX) + 10;
        let members = [
            Member { number: 1, name: "big".to_owned(), size: big, crc32: 1 },
            Member { number: 2, name: "after".to_owned(), size: 5, crc32: 2 },
            Member { number: 3, name: "edge".to_owned(), size: u64::from(u32::MAX), crc32: 3 },
        ];
        let layout = Layout::new(&members, SENT, "Asia/Tokyo");
        let local = |name: usize, wide: bool| 30 + name as u64 + if wide { 20 } else { 0 };
        let second = local(3, true) + big;
        let third = second + local(5, false) + 5;
        let directory = third + local(4, true) + u64::from(u32::MAX);
        // Local headers stand where the directory says.
        for (at, name) in [(0, "big"), (second, "after"), (third, "edge")] {
            let [Piece::Octets(header)] = &layout.pieces(&(at..at + 30 + name.len() as u64))[..] else {
                panic!("no header at {at}")
            };
            assert_eq!(&header[..4], b"PK\x03\x04");
            assert_eq!(&header[30..], name.as_bytes());
        }
        // A range inside the big file asks for the big file's range.
        let inside = local(3, true) + 4_000_000_000;
        let wanted = Piece::File { number: 1, range: 4_000_000_000..4_000_000_001 };
        assert_eq!(layout.pieces(&(inside..inside + 1)), [wanted]);
        let [Piece::Octets(tail)] = &layout.pieces(&(directory..layout.length()))[..] else { panic!("no directory") };
        let u64_at = |at: usize| u64::from_le_bytes(tail[at..at + 8].try_into().unwrap());
        // big: both sizes, its offset is 0; after: only its offset; edge: 0xFFFFFFFF itself must go to the field.
        assert_eq!(&tail[46..49], b"big");
        assert_eq!((&tail[49..53], u64_at(53), u64_at(61)), (&[1, 0, 16, 0][..], big, big));
        let after = 46 + 3 + 20;
        assert_eq!(&tail[after + 46..after + 51], b"after");
        assert_eq!((&tail[after + 51..after + 55], u64_at(after + 55)), (&[1, 0, 8, 0][..], second));
        let edge = after + 46 + 5 + 12;
        assert_eq!((u64_at(edge + 54), u64_at(edge + 70)), (u64::from(u32::MAX), third));
        let end = tail.len() - 22;
        let locator = end - 20;
        let end64 = locator - 56;
        assert_eq!(&tail[end64..end64 + 4], b"PK\x06\x06");
        assert_eq!((u64_at(end64 + 40), u64_at(end64 + 48)), (end64 as u64, directory));
        assert_eq!((&tail[locator..locator + 4], u64_at(locator + 8)), (&b"PK\x06\x07"[..], directory + end64 as u64));
        assert_eq!(&tail[end + 16..end + 20], &[0xff; 4]);
        assert_eq!(directory + tail.len() as u64, layout.length());
    }

    #[test]
    fn a_date_that_the_format_has_not_is_held() {
        assert_eq!(dos_time(Timestamp(0), "UTC").1 >> 9, 0);
        assert_eq!(dos_time(SENT, "Asia/Tokyo"), (23 << 11 | 30 << 5 | 8, 46 << 9 | 11 << 5 | 21));
    }
}
