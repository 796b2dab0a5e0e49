//! Writes TNEF streams (MS-OXTNEF) in all the ways in which they come, for the tests of what reads them.

#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

pub mod samples;

/// Attributes.
pub const FROM: u32 = 0x0000_8000;
pub const SUBJECT: u32 = 0x0001_8004;
pub const MESSAGE_CLASS: u32 = 0x0007_8008;
pub const BODY: u32 = 0x0002_800c;
pub const VERSION: u32 = 0x0008_9006;
pub const OEM_CODEPAGE: u32 = 0x0006_9007;
pub const MSG_PROPS: u32 = 0x0006_9003;
pub const RECIP_TABLE: u32 = 0x0006_9004;
pub const ATTACH_RENDDATA: u32 = 0x0006_9002;
pub const ATTACH_TITLE: u32 = 0x0001_8010;
pub const ATTACH_DATA: u32 = 0x0006_800f;
pub const ATTACH_META_FILE: u32 = 0x0006_8011;
pub const ATTACH_TRANSPORT_FILENAME: u32 = 0x0006_9001;
pub const ATTACHMENT: u32 = 0x0006_9005;

/// Properties.
pub const P_CLASS: u16 = 0x001a;
pub const P_SUBJECT: u16 = 0x0037;
pub const P_SENT: u16 = 0x0039;
pub const P_SENDER_NAME: u16 = 0x0c1a;
pub const P_SENDER_TYPE: u16 = 0x0c1e;
pub const P_SENDER_ADDRESS: u16 = 0x0c1f;
pub const P_RECIPIENT_TYPE: u16 = 0x0c15;
pub const P_BODY: u16 = 0x1000;
pub const P_RTF: u16 = 0x1009;
pub const P_HTML: u16 = 0x1013;
pub const P_MESSAGE_ID: u16 = 0x1035;
pub const P_DISPLAY_NAME: u16 = 0x3001;
pub const P_ADDRESS_TYPE: u16 = 0x3002;
pub const P_ADDRESS: u16 = 0x3003;
pub const P_SMTP_ADDRESS: u16 = 0x39fe;
pub const P_DATA: u16 = 0x3701;
pub const P_FILENAME: u16 = 0x3704;
pub const P_METHOD: u16 = 0x3705;
pub const P_LONG_FILENAME: u16 = 0x3707;
pub const P_MIME_TAG: u16 = 0x370e;
pub const P_CONTENT_ID: u16 = 0x3712;
pub const P_FLAGS: u16 = 0x3714;
pub const P_INTERNET_CODEPAGE: u16 = 0x3fde;
pub const P_MESSAGE_CODEPAGE: u16 = 0x3ffd;
pub const P_HIDDEN: u16 = 0x7ffe;

/// IID_IMessage and IID_IStorage.
pub const IMESSAGE: [u8; 16] = [0x07, 0x03, 0x02, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46];
pub const ISTORAGE: [u8; 16] = [0x0b, 0, 0, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46];

/// attAttachRenddata of a file that is not shown in the text.
pub const RENDDATA: [u8; 14] = [1, 0, 0xff, 0xff, 0xff, 0xff, 0x20, 0, 0x20, 0, 0, 0, 0, 0];

/// A stream while it is written.
#[derive(Debug, Clone)]
pub struct Tnef {
    octets: Vec<u8>,
}

impl Tnef {
    /// A stream with nothing but signature and key.
    pub fn bare() -> Self {
        Self { octets: vec![0x78, 0x9f, 0x3e, 0x22, 0x01, 0x00] }
    }

    /// A stream of a mail with a code page.
    pub fn mail(codepage: u32) -> Self {
        let codepages: Vec<u8> = [codepage, 0].iter().flat_map(|number| number.to_le_bytes()).collect();
        Self::bare()
            .attribute(1, VERSION, &0x0001_0000u32.to_le_bytes())
            .attribute(1, OEM_CODEPAGE, &codepages)
            .attribute(1, MESSAGE_CLASS, b"IPM.Microsoft Mail.Note\0")
    }

    pub fn attribute(mut self, level: u8, id: u32, data: &[u8]) -> Self {
        self.octets.push(level);
        self.octets.extend_from_slice(&id.to_le_bytes());
        self.octets.extend_from_slice(&u32::try_from(data.len()).unwrap().to_le_bytes());
        self.octets.extend_from_slice(data);
        self.octets.extend_from_slice(&checksum(data).to_le_bytes());
        self
    }

    /// attMsgProps.
    pub fn properties(self, properties: &Props) -> Self {
        self.attribute(1, MSG_PROPS, &properties.list())
    }

    /// attRecipTable.
    pub fn recipients(self, rows: &[Props]) -> Self {
        let mut data = u32::try_from(rows.len()).unwrap().to_le_bytes().to_vec();
        rows.iter().for_each(|row| data.extend(row.list()));
        self.attribute(1, RECIP_TABLE, &data)
    }

    /// An attachment as Outlook writes one: data and short name in attributes of their own, the rest in properties.
    pub fn file(self, title: &[u8], data: &[u8], properties: &Props) -> Self {
        self.attribute(2, ATTACH_RENDDATA, &RENDDATA)
            .attribute(2, ATTACH_DATA, data)
            .attribute(2, ATTACH_TITLE, &[title, b"\0"].concat())
            .attribute(2, ATTACH_META_FILE, b"\x01\x00\x09\x00icon")
            .attribute(2, ATTACHMENT, &properties.list())
    }

    /// An attachment that has all in its properties.
    pub fn attached(self, properties: &Props) -> Self {
        self.attribute(2, ATTACH_RENDDATA, &RENDDATA).attribute(2, ATTACHMENT, &properties.list())
    }

    pub fn octets(self) -> Vec<u8> {
        self.octets
    }
}

pub fn checksum(data: &[u8]) -> u16 {
    data.iter().fold(0, |sum, octet| sum.wrapping_add(u16::from(*octet)))
}

/// A list of properties while it is written.
#[derive(Debug, Clone, Default)]
pub struct Props {
    count: u32,
    octets: Vec<u8>,
}

impl Props {
    pub fn new() -> Self {
        Self::default()
    }

    /// A property with these octets after its tag.
    pub fn raw(mut self, id: u16, kind: u16, octets: &[u8]) -> Self {
        self.count += 1;
        self.octets.extend_from_slice(&kind.to_le_bytes());
        self.octets.extend_from_slice(&id.to_le_bytes());
        self.octets.extend_from_slice(octets);
        self
    }

    /// Values of variable length.
    pub fn values(self, id: u16, kind: u16, values: &[&[u8]]) -> Self {
        let mut octets = u32::try_from(values.len()).unwrap().to_le_bytes().to_vec();
        for value in values {
            octets.extend_from_slice(&u32::try_from(value.len()).unwrap().to_le_bytes());
            octets.extend_from_slice(value);
            octets.resize(octets.len().next_multiple_of(4), 0);
        }
        self.raw(id, kind, &octets)
    }

    pub fn unicode(self, id: u16, text: &str) -> Self {
        self.values(id, 0x001f, &[&utf16(text)])
    }

    /// A text in some code page.
    pub fn string8(self, id: u16, text: &[u8]) -> Self {
        self.values(id, 0x001e, &[&[text, b"\0"].concat()])
    }

    pub fn binary(self, id: u16, octets: &[u8]) -> Self {
        self.values(id, 0x0102, &[octets])
    }

    pub fn object(self, interface: [u8; 16], octets: &[u8]) -> Self {
        self.values(P_DATA, 0x000d, &[&[&interface, octets].concat()])
    }

    pub fn long(self, id: u16, number: u32) -> Self {
        self.raw(id, 0x0003, &number.to_le_bytes())
    }

    pub fn boolean(self, id: u16, is_set: bool) -> Self {
        self.raw(id, 0x000b, &[u8::from(is_set), 0, 0, 0])
    }

    pub fn time(self, id: u16, time: u64) -> Self {
        self.raw(id, 0x0040, &time.to_le_bytes())
    }

    /// Named properties and types of most widths, among which the others must be found.
    pub fn noise(self) -> Self {
        let namespace = [7; 16];
        let number = [&namespace[..], &[0, 0, 0, 0], &0x820du32.to_le_bytes(), &[9; 8]].concat();
        let name = utf16("Keywords");
        let length = u32::try_from(name.len()).unwrap().to_le_bytes();
        let padding = vec![0; name.len().next_multiple_of(4) - name.len()];
        let mut text = [&namespace[..], &[1, 0, 0, 0], &length, &name, &padding].concat();
        text.extend([2u32, 2].iter().flat_map(|number| number.to_le_bytes()));
        text.extend_from_slice(&[b'a', 0, 0, 0]);
        text.extend_from_slice(&4u32.to_le_bytes());
        text.extend_from_slice(&[b'b', 0, 0, 0]);
        self.raw(0x8001, 0x0040, &number)
            .raw(0x8002, 0x101f, &text)
            .raw(0x0002, 0x0002, &[1, 2, 0, 0])
            .raw(0x0004, 0x0004, &[0; 4])
            .raw(0x0005, 0x0005, &[0; 8])
            .raw(0x0006, 0x0006, &[0; 8])
            .raw(0x0007, 0x0007, &[0; 8])
            .raw(0x0014, 0x0014, &[0; 8])
            .raw(0x0048, 0x0048, &[0; 16])
            .raw(0x1003, 0x1003, &[2, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2])
            .values(0x1102, 0x1102, &[b"", b"x", b"five5"])
            .values(0x0102, 0x0102, &[b""])
    }

    /// Types that are rare in a stream; some readers know none of them.
    pub fn rare(self) -> Self {
        self.raw(0x0001, 0x0001, &[]).raw(0x000a, 0x000a, &[0; 4]).raw(0x1048, 0x1048, &[0, 0, 0, 0]).raw(
            0x100b,
            0x100b,
            &[1, 0, 0, 0, 1, 0, 0, 0],
        )
    }

    /// Count and properties.
    pub fn list(&self) -> Vec<u8> {
        [&self.count.to_le_bytes()[..], &self.octets].concat()
    }
}

pub fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
}

/// Compressed RTF (MS-OXRTFCP), with references wherever three octets or more are in the dictionary.
pub fn compressed(rtf: &[u8]) -> Vec<u8> {
    const START: &[u8] = b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";
    assert_eq!(START.len(), 207);
    let whole = [START, rtf].concat();
    let (mut at, mut tokens) = (START.len(), Vec::new());
    while at < whole.len() {
        let window = at.saturating_sub(4000)..at;
        let length =
            |from: usize| (0..17).take_while(|n| whole.get(at + n).is_some_and(|o| *o == whole[from + n])).count();
        let best = window.map(|from| (length(from), from)).max().unwrap();
        if best.0 >= 3 {
            let reference = (best.1 % 4096) << 4 | (best.0 - 2);
            tokens.push((true, u16::try_from(reference).unwrap().to_be_bytes().to_vec()));
            at += best.0;
        } else {
            tokens.push((false, vec![whole[at]]));
            at += 1;
        }
    }
    let end = (at % 4096) << 4;
    tokens.push((true, u16::try_from(end).unwrap().to_be_bytes().to_vec()));
    let mut contents = Vec::new();
    for run in tokens.chunks(8) {
        contents.push(
            run.iter().enumerate().fold(0u8, |bits, (bit, (is_reference, _))| bits | u8::from(*is_reference) << bit),
        );
        run.iter().for_each(|(_, octets)| contents.extend_from_slice(octets));
    }
    let size = u32::try_from(contents.len()).unwrap() + 12;
    let fields = [size, u32::try_from(rtf.len()).unwrap(), 0x7546_5a4c, crc(&contents)];
    [fields.iter().flat_map(|field| field.to_le_bytes()).collect(), contents].concat()
}

/// RTF that is called compressed and is not.
pub fn uncompressed(rtf: &[u8]) -> Vec<u8> {
    let size = u32::try_from(rtf.len()).unwrap();
    let fields = [size + 12, size, 0x414c_454d, 0];
    [fields.iter().flat_map(|field| field.to_le_bytes()).collect(), rtf.to_vec()].concat()
}

/// CRC-32 without the usual inversions.
pub fn crc(octets: &[u8]) -> u32 {
    octets.iter().fold(0u32, |crc, octet| {
        (0..8).fold(crc ^ u32::from(*octet), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    })
}
