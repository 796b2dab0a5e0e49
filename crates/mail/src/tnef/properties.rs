//! Lists of encapsulated properties (MS-OXTNEF, 2.1.3.4), read while they pass. A value that is a message is a stream of
//! its own; a file's is a place.

use std::ops::Range;

use super::{
    attributes::{Draft, Stream},
    input::{Broken, Context, Gather, Input, Kept},
    values::{Owner, Tag, Values, Wanted, id, kind},
};

/// IID_IMessage, as it stands before a nested message.
const IMESSAGE: [u8; 16] = [0x07, 0x03, 0x02, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46];
/// Recipients that are kept of one message; more are only counted.
const MAX_RECIPIENTS: usize = 500;
/// The least id of a named property.
const NAMED: u16 = 0x8000;

/// What is kept of one list.
#[derive(Debug, Default)]
pub(super) struct Collected {
    pub(super) values: Values,
    /// Where PidTagAttachDataBinary is.
    pub(super) data: Option<Range<u64>>,
    pub(super) object: Option<Object>,
}

/// PidTagAttachDataObject.
#[derive(Debug)]
pub(super) enum Object {
    /// A nested message, and where its stream is.
    Message(Box<Draft>, Range<u64>),
    /// Another object, a compound file.
    Storage(Range<u64>),
}

/// A list of properties while it passes, or several: a table's rows.
#[derive(Debug)]
pub(super) struct Properties {
    owner: Owner,
    depth: usize,
    gather: Gather,
    step: Step,
    rows_left: u32,
    properties_left: u32,
    tag: Tag,
    values_left: u32,
    row: Collected,
    rows: Vec<Collected>,
}

#[derive(Debug)]
enum Step {
    /// The number of rows.
    Rows,
    /// The number of properties.
    Properties,
    Tag,
    /// A named property's namespace and whether it has a number or a name.
    NameSpace,
    NameNumber,
    NameLength,
    NameText(u64),
    /// The number of values.
    Values,
    /// A value's length.
    Length,
    /// An object's interface, before its data of so many octets.
    Interface(u64),
    Value(Value),
    Padding(u64),
    Done,
}

#[derive(Debug)]
struct Value {
    range: Range<u64>,
    left: u64,
    sink: Sink,
}

#[derive(Debug)]
enum Sink {
    Skip,
    Keep(Kept),
    Data,
    Storage,
    Message(Box<Stream>),
}

enum Width {
    Fixed(u64),
    Variable,
}

impl Properties {
    /// A message's or an attachment's list, or a table of recipients, in a stream within so many others.
    pub(super) fn new(owner: Owner, depth: usize) -> Self {
        let is_table = owner == Owner::Recipient;
        Self {
            owner,
            depth,
            gather: Gather::default(),
            step: if is_table { Step::Rows } else { Step::Properties },
            rows_left: u32::from(!is_table),
            properties_left: 0,
            tag: Tag { id: 0, kind: 0 },
            values_left: 0,
            row: Collected::default(),
            rows: Vec::new(),
        }
    }

    /// Takes all of the input.
    pub(super) fn push(&mut self, input: &mut Input<'_>, context: &mut Context) -> Result<(), Broken> {
        while !input.is_empty() {
            match &mut self.step {
                Step::Value(value) => {
                    value.push(input, context)?;
                    if value.left == 0 {
                        self.value_ends()?;
                    }
                }
                Step::NameText(left) => {
                    *left -= input.take(*left).octets.len() as u64;
                    if *left == 0 {
                        self.named()?;
                    }
                }
                Step::Padding(left) => {
                    *left -= input.take(*left).octets.len() as u64;
                    if *left == 0 {
                        self.next_value();
                    }
                }
                Step::NameSpace => {
                    let Some(octets) = self.gather.fill::<20>(input) else { return Ok(()) };
                    self.step = match octets[16..] {
                        [0, 0, 0, 0] => Step::NameNumber,
                        [1, 0, 0, 0] => Step::NameLength,
                        _ => return Err(Broken("a named property with neither number nor name")),
                    };
                }
                Step::Interface(_) => {
                    let Some(interface) = self.gather.fill::<16>(input) else { return Ok(()) };
                    self.object(interface, input.at, context)?;
                }
                Step::Done => return Err(Broken("more after the last property")),
                _ => {
                    let Some(number) = self.gather.number(input) else { return Ok(()) };
                    self.number(number, input.at, context)?;
                }
            }
        }
        Ok(())
    }

    /// Ends the list, which must be whole.
    pub(super) fn finish(self) -> Result<Vec<Collected>, Broken> {
        match self.step {
            Step::Done => Ok(self.rows),
            _ => Err(Broken("properties that end early")),
        }
    }

    /// A number was read; `at` is what follows it.
    fn number(&mut self, number: u32, at: u64, context: &mut Context) -> Result<(), Broken> {
        match self.step {
            Step::Rows => {
                self.rows_left = number;
                self.next_row();
            }
            Step::Properties => {
                self.properties_left = number;
                self.next_property();
            }
            Step::Tag => {
                let [a, b, c, d] = number.to_le_bytes();
                self.tag = Tag { kind: u16::from_le_bytes([a, b]), id: u16::from_le_bytes([c, d]) };
                if self.tag.id >= NAMED {
                    self.step = Step::NameSpace;
                } else {
                    self.named()?;
                }
            }
            Step::NameNumber => self.named()?,
            Step::NameLength => match u64::from(number).next_multiple_of(4) {
                0 => self.named()?,
                length => self.step = Step::NameText(length),
            },
            Step::Values => {
                self.values_left = number;
                self.next_value();
            }
            Step::Length => self.length(u64::from(number), at, context)?,
            _ => {}
        }
        Ok(())
    }

    fn next_row(&mut self) {
        if self.rows_left == 0 {
            self.step = Step::Done;
        } else {
            self.rows_left -= 1;
            self.step = Step::Properties;
        }
    }

    fn next_property(&mut self) {
        if self.properties_left > 0 {
            self.properties_left -= 1;
            self.step = Step::Tag;
            return;
        }
        let row = std::mem::take(&mut self.row);
        if self.owner != Owner::Recipient {
            self.rows.push(row);
            self.step = Step::Done;
            return;
        }
        if self.rows.len() < MAX_RECIPIENTS {
            self.rows.push(row);
        }
        self.next_row();
    }

    /// The property's tag and name were read.
    fn named(&mut self) -> Result<(), Broken> {
        let is_multiple = self.tag.kind & kind::MULTIPLE != 0;
        match width(self.tag.kind & !kind::MULTIPLE)? {
            Width::Fixed(0) if is_multiple => return Err(Broken("many values of no length")),
            Width::Fixed(0) => self.next_property(),
            Width::Fixed(_) if !is_multiple => {
                self.values_left = 1;
                self.next_value();
            }
            _ => self.step = Step::Values,
        }
        Ok(())
    }

    fn next_value(&mut self) {
        if self.values_left == 0 {
            self.next_property();
            return;
        }
        self.values_left -= 1;
        self.step = match width(self.tag.kind & !kind::MULTIPLE) {
            Ok(Width::Fixed(left)) => {
                let kept = self.owner.wants(self.tag).map(|_| Sink::Keep(Kept::default()));
                Step::Value(Value { range: 0..left, left, sink: kept.unwrap_or(Sink::Skip) })
            }
            Ok(Width::Variable) | Err(_) => Step::Length,
        };
    }

    /// The length of a value was read, which begins at `at`.
    fn length(&mut self, length: u64, at: u64, context: &mut Context) -> Result<(), Broken> {
        let is_data = self.owner == Owner::Attachment && self.tag.id == id::ATTACH_DATA;
        if is_data && self.tag.kind == kind::OBJECT {
            let left = length.checked_sub(IMESSAGE.len() as u64).ok_or(Broken("an object without its interface"))?;
            self.step = Step::Interface(left);
            return Ok(());
        }
        let sink = if is_data && self.tag.kind == kind::BINARY {
            Sink::Data
        } else {
            match self.owner.wants(self.tag) {
                None => Sink::Skip,
                Some(wanted) => {
                    let limit = if wanted == Wanted::Body { context.limits.body } else { context.limits.text };
                    if length > limit as u64 {
                        return Err(Broken("a longer property than the limit"));
                    }
                    Sink::Keep(Kept::default())
                }
            }
        };
        self.value_begins(at..at + length, sink)
    }

    /// An object's interface was read; its data begins at `at`.
    fn object(&mut self, interface: [u8; 16], at: u64, context: &Context) -> Result<(), Broken> {
        let Step::Interface(length) = self.step else { return Ok(()) };
        let sink = if interface == IMESSAGE {
            let depth = self.depth + 1;
            if depth > context.limits.depth {
                return Err(Broken("messages nested deeper than the limit"));
            }
            Sink::Message(Box::new(Stream::new(depth)))
        } else {
            Sink::Storage
        };
        self.value_begins(at..at + length, sink)
    }

    fn value_begins(&mut self, range: Range<u64>, sink: Sink) -> Result<(), Broken> {
        let left = range.end - range.start;
        self.step = Step::Value(Value { range, left, sink });
        if left == 0 { self.value_ends() } else { Ok(()) }
    }

    fn value_ends(&mut self) -> Result<(), Broken> {
        let Step::Value(value) = std::mem::replace(&mut self.step, Step::Done) else { return Ok(()) };
        let length = value.range.end - value.range.start;
        let replaced = match value.sink {
            Sink::Skip => false,
            Sink::Keep(kept) => {
                self.row.values.add(self.tag, kept.octets);
                false
            }
            Sink::Data => self.row.data.replace(value.range).is_some(),
            Sink::Storage => self.row.object.replace(Object::Storage(value.range)).is_some(),
            Sink::Message(stream) => {
                let object = Object::Message(Box::new(stream.finish()?), value.range);
                self.row.object.replace(object).is_some()
            }
        };
        if replaced {
            return Err(Broken("an attachment with two contents"));
        }
        // An object's interface is as long as four paddings.
        match length.next_multiple_of(4) - length {
            0 => self.next_value(),
            padding => self.step = Step::Padding(padding),
        }
        Ok(())
    }
}

impl Value {
    fn push(&mut self, input: &mut Input<'_>, context: &mut Context) -> Result<(), Broken> {
        let mut piece = input.take(self.left);
        self.left -= piece.octets.len() as u64;
        match &mut self.sink {
            Sink::Skip | Sink::Data | Sink::Storage => Ok(()),
            Sink::Keep(kept) => kept.push(&mut piece, context),
            Sink::Message(stream) => stream.push(&mut piece, context),
        }
    }
}

/// How long a value of this type is (MS-OXTNEF, 2.1.3.4: two octets are padded to four).
const fn width(kind: u16) -> Result<Width, Broken> {
    Ok(match kind {
        kind::NULL => Width::Fixed(0),
        kind::INTEGER16 | kind::INTEGER32 | kind::FLOATING32 | kind::ERROR | kind::BOOLEAN => Width::Fixed(4),
        kind::FLOATING64 | kind::CURRENCY | kind::FLOATING_TIME | kind::INTEGER64 | kind::TIME => Width::Fixed(8),
        kind::GUID => Width::Fixed(16),
        kind::STRING8 | kind::STRING | kind::BINARY | kind::OBJECT => Width::Variable,
        _ => return Err(Broken("a property of a type that is not known")),
    })
}
