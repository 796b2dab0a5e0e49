//! The octets: one file, or all of them as a zip, whole or in part (spec X-RECEIVE; RFC 9110, 14).

use std::{
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use fubako_base::{hex, shown};
use fubako_exchange::{
    Exchange,
    download::{DownloadError, FileView, OpenedFiles},
    token::sha256,
};
use futures::{
    StreamExt as _, TryStreamExt as _,
    stream::{self, BoxStream},
};
use tokio::{sync::mpsc, time::timeout};

use crate::{
    WebState, guard, names,
    pages::Message,
    range::{self, Answer},
    receive::Desk,
    visitor::Visitor,
    zip::{Layout, Member, Piece},
};

type Octets = BoxStream<'static, Result<Bytes, DownloadError>>;

/// For a reader to take the next octets.
const STILL: Duration = Duration::from_secs(60);

/// Media types that a download may name. All else is `application/octet-stream`: what a stranger says about a file is
/// not repeated where a program could act on it. (Everything is an attachment in any case.)
const NAMED_TYPES: &[&str] = &[
    "application/pdf",
    "application/zip",
    "application/msword",
    "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "image/gif",
    "image/jpeg",
    "image/png",
    "image/webp",
    "text/csv",
    "text/plain",
];

/// `GET` or `HEAD /d/{token}/files/{number}`.
pub(crate) async fn file(
    State(state): State<Arc<WebState>>,
    visitor: Visitor,
    method: Method,
    headers: HeaderMap,
) -> Response {
    given(&Desk::new(&state, &visitor), &method, &headers, Wish::One(visitor.number)).await
}

/// `GET` or `HEAD /d/{token}/all.zip`.
pub(crate) async fn zip(
    State(state): State<Arc<WebState>>,
    visitor: Visitor,
    method: Method,
    headers: HeaderMap,
) -> Response {
    given(&Desk::new(&state, &visitor), &method, &headers, Wish::All).await
}

/// What a recipient gets.
async fn given(desk: &Desk<'_>, method: &Method, headers: &HeaderMap, wish: Wish) -> Response {
    let answer = async {
        let opened = desk.opened().await?;
        let said = |message| desk.said(message);
        let (exchange, mark) = (desk.exchange(), desk.mark());
        Giving { exchange, opened: &opened, method, headers, said: &said, mark }.answer(wish).await
    };
    match answer.await {
        Ok(response) => response,
        Err(error) => desk.refuse(error).await,
    }
}

/// What of a deposit's files somebody wants.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Wish {
    /// The one with this number; none where the address has no number in it.
    One(Option<u32>),
    /// All of them, as a zip.
    All,
}

/// Files that are given to somebody who may have them, in answer to one request.
pub(crate) struct Giving<'a> {
    pub(crate) exchange: &'a Exchange,
    pub(crate) opened: &'a OpenedFiles,
    pub(crate) method: &'a Method,
    pub(crate) headers: &'a HeaderMap,
    /// A page that only says something.
    pub(crate) said: &'a (dyn Fn(Message) -> Response + Sync),
    /// By what the log tells one download from others.
    pub(crate) mark: String,
}

impl Giving<'_> {
    /// The answer.
    pub(crate) async fn answer(self, wish: Wish) -> Result<Response, DownloadError> {
        match wish {
            Wish::One(number) => self.one_file(number).await,
            Wish::All => self.all_files().await,
        }
    }

    async fn one_file(self, number: Option<u32>) -> Result<Response, DownloadError> {
        let Self { exchange, opened, .. } = self;
        let file = opened.files.iter().find(|file| number == Some(file.number)).ok_or(DownloadError::NotFound)?;
        let offer = Offer {
            name: file.name.clone(),
            media_type: named_type(&file.media_type),
            etag: format!("\"{}\"", hex::encode(&file.sha256)),
            length: file.size,
        };
        let wanted = match self.wanted(&offer) {
            Ok(wanted) => wanted,
            Err(answer) => return Ok(answer),
        };
        if !wanted.octets {
            exchange.check_file(opened, file.number).await?;
            return Ok(offer.describe());
        }
        let octets = read(exchange, opened, file.number, wanted.part.range()).await?;
        Ok(offer.send(&wanted.part, octets, self.mark))
    }

    async fn all_files(self) -> Result<Response, DownloadError> {
        let Self { exchange, opened, .. } = self;
        let layout = layout(opened);
        let offer = Offer {
            name: archive_name(&opened.subject),
            media_type: "application/zip",
            etag: archive_tag(&layout, &opened.files),
            length: layout.length(),
        };
        let wanted = match self.wanted(&offer) {
            Ok(wanted) => wanted,
            Err(answer) => return Ok(answer),
        };
        let pieces = layout.pieces(&wanted.part.range());
        // Every file that is asked for is checked and the first is opened before anything is said: what is found, and a storage
        // that is away, are a page and not half a zip.
        check(exchange, opened, &pieces).await?;
        if !wanted.octets {
            return Ok(offer.describe());
        }
        let octets = Assembly::begin(exchange.clone(), opened.clone(), pieces).await?;
        Ok(offer.send(&wanted.part, octets, self.mark))
    }

    /// What the request wants of an offer, or the answer to one that gets nothing.
    #[expect(clippy::result_large_err, reason = "made once a request")]
    fn wanted(&self, offer: &Offer) -> Result<Wanted, Response> {
        let get = self.method == Method::GET;
        match range::decide(self.headers, get, &offer.etag, offer.length) {
            Answer::Whole => Ok(Wanted { part: Part::Whole(offer.length), octets: get }),
            Answer::Part(range) => Ok(Wanted { part: Part::Range(range), octets: get }),
            Answer::Unsatisfiable => Err(offer.unsatisfiable((self.said)(Message::Range))),
            Answer::NotModified => Err(offer.without_octets(StatusCode::NOT_MODIFIED)),
            Answer::PreconditionFailed => Err(offer.without_octets(StatusCode::PRECONDITION_FAILED)),
        }
    }
}

/// Something that can be downloaded.
struct Offer {
    name: String,
    media_type: &'static str,
    etag: String,
    length: u64,
}

/// What of it is sent.
enum Part {
    Whole(u64),
    Range(Range<u64>),
}

impl Part {
    fn range(&self) -> Range<u64> {
        match self {
            Self::Whole(length) => 0..*length,
            Self::Range(range) => range.clone(),
        }
    }
}

/// What a request wants of an offer.
struct Wanted {
    part: Part,
    /// Whether the octets, or only what is said of them.
    octets: bool,
}

impl Offer {
    /// The answer to a HEAD.
    fn describe(&self) -> Response {
        self.answer(&Part::Whole(self.length), Body::empty())
    }

    fn without_octets(&self, status: StatusCode) -> Response {
        let mut response = status.into_response();
        set(response.headers_mut(), header::ETAG, &self.etag);
        response
    }

    /// A 416 says how long the whole is (RFC 9110, 14.4).
    fn unsatisfiable(&self, mut response: Response) -> Response {
        set(response.headers_mut(), header::CONTENT_RANGE, &format!("bytes */{}", self.length));
        response
    }

    fn send(&self, part: &Part, octets: Octets, mark: String) -> Response {
        let range = part.range();
        let octets = exactly(range.end - range.start, taken(octets), mark);
        self.answer(part, Body::from_stream(octets))
    }

    fn answer(&self, part: &Part, body: Body) -> Response {
        let mut response = Response::new(body);
        let range = part.range();
        let headers = response.headers_mut();
        set(headers, header::CONTENT_TYPE, self.media_type);
        set(headers, header::CONTENT_LENGTH, &(range.end - range.start).to_string());
        set(headers, header::CONTENT_DISPOSITION, &names::disposition(&self.name));
        set(headers, header::ACCEPT_RANGES, "bytes");
        set(headers, header::ETAG, &self.etag);
        set(headers, header::CONTENT_SECURITY_POLICY, guard::FILE_POLICY);
        if let Part::Range(Range { start, end }) = part {
            set(headers, header::CONTENT_RANGE, &format!("bytes {start}-{}/{}", end.saturating_sub(1), self.length));
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        }
        response
    }
}

/// Every value here is ASCII of our own making; one that is none would be left out.
fn set(headers: &mut HeaderMap, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::try_from(value) {
        headers.insert(name, value);
    }
}

/// The media type as one of [`NAMED_TYPES`], without parameters.
fn named_type(media_type: &str) -> &'static str {
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    let known = NAMED_TYPES.iter().find(|known| known.eq_ignore_ascii_case(essence));
    known.copied().unwrap_or("application/octet-stream")
}

/// Whether every file that a part of the zip needs may be handed over. The verdicts are remembered while the zip is read; a
/// reader slower than that has files scanned once more, each before its first octet.
async fn check(exchange: &Exchange, opened: &OpenedFiles, pieces: &[Piece]) -> Result<(), DownloadError> {
    for piece in pieces {
        if let Piece::File { number, .. } = piece {
            exchange.check_file(opened, *number).await?;
        }
    }
    Ok(())
}

/// A file's octets, of which the first are there: what is damaged or away at once is told by a status and a page.
async fn read(
    exchange: &Exchange,
    opened: &OpenedFiles,
    number: u32,
    range: Range<u64>,
) -> Result<Octets, DownloadError> {
    let mut octets = exchange.read_file(opened, number, range).await?;
    Ok(match octets.next().await.transpose()? {
        Some(first) => stream::iter([Ok(first)]).chain(octets).boxed(),
        None => octets,
    })
}

/// The octets as they are taken. Where a reader takes nothing for [`STILL`], what they come from is let go at once, and the
/// download ends in an error when more of it is asked for.
///
/// A body is not asked while its reader stands still, so it cannot watch over itself: a task of its own does.
fn taken(mut octets: Octets) -> Octets {
    let (give, mut take) = mpsc::channel(1);
    let stood_still = Arc::new(AtomicBool::new(false));
    let mark = Arc::clone(&stood_still);
    tokio::spawn(async move {
        loop {
            match timeout(STILL, give.reserve()).await {
                Ok(Ok(room)) => match octets.next().await {
                    Some(item) => room.send(item),
                    None => return,
                },
                // The reader went away.
                Ok(Err(_)) => return,
                Err(_) => return mark.store(true, Ordering::Release),
            }
        }
    });
    let ending = stream::once(async move {
        let cause = format!("its reader took nothing for {} s", STILL.as_secs());
        stood_still.load(Ordering::Acquire).then_some(Err(DownloadError::Unavailable(cause)))
    });
    stream::poll_fn(move |cx| take.poll_recv(cx)).chain(ending.filter_map(std::future::ready)).boxed()
}

/// The octets, and an error where they are fewer or more than was said: a body that ends in an error breaks the
/// connection off, so that a download that is not whole never looks as if it were.
fn exactly(length: u64, octets: Octets, link: String) -> Octets {
    let start = (Some(octets), length);
    let step = move |(octets, left): (Option<Octets>, u64)| {
        let link = link.clone();
        async move {
            let mut octets = octets?;
            let (item, left) = match octets.next().await {
                Some(Ok(some)) => match left.checked_sub(some.len() as u64) {
                    Some(left) => (Ok(some), left),
                    None => (Err(DownloadError::Damaged("more octets than the file has".to_owned())), left),
                },
                Some(Err(error)) => (Err(error), left),
                None if left == 0 => return None,
                None => (Err(DownloadError::Damaged(format!("{left} octets are missing"))), left),
            };
            match &item {
                Ok(_) => {}
                Err(DownloadError::Unavailable(cause)) => tracing::warn!(link, cause, "a download was broken off"),
                Err(DownloadError::Expired) => tracing::info!(link, "a download was broken off at the files' end"),
                Err(DownloadError::Cancelled) => tracing::info!(link, "a download was broken off: it was taken back"),
                Err(error) => tracing::error!(link, %error, "a download was broken off"),
            }
            let rest = item.is_ok().then_some(octets);
            Some((item, (rest, left)))
        }
    };
    stream::unfold(start, step).boxed()
}

/// The zip's octets, its files opened one after another as they are reached.
struct Assembly {
    exchange: Exchange,
    opened: OpenedFiles,
    pieces: std::vec::IntoIter<Piece>,
}

impl Assembly {
    async fn begin(exchange: Exchange, opened: OpenedFiles, pieces: Vec<Piece>) -> Result<Octets, DownloadError> {
        let mut assembly = Self { exchange, opened, pieces: pieces.into_iter() };
        let mut ready: Vec<Result<Octets, DownloadError>> = Vec::new();
        while let Some(piece) = assembly.pieces.next() {
            let file = matches!(piece, Piece::File { .. });
            ready.push(Ok(assembly.open(piece).await?));
            if file {
                break;
            }
        }
        let rest = stream::try_unfold(assembly, |mut assembly| async move {
            let Some(piece) = assembly.pieces.next() else { return Ok(None) };
            let octets = assembly.open(piece).await?;
            Ok(Some((octets, assembly)))
        });
        Ok(stream::iter(ready).chain(rest).try_flatten().boxed())
    }

    async fn open(&self, piece: Piece) -> Result<Octets, DownloadError> {
        match piece {
            Piece::Octets(octets) => Ok(stream::iter([Ok(octets)]).boxed()),
            Piece::File { number, range } => read(&self.exchange, &self.opened, number, range).await,
        }
    }
}

fn layout(opened: &OpenedFiles) -> Layout {
    let names = names::members(opened.files.iter().map(|file| file.name.as_str()));
    let member =
        |(file, name): (&FileView, String)| Member { number: file.number, name, size: file.size, crc32: file.crc32 };
    let members: Vec<Member> = opened.files.iter().zip(names).map(member).collect();
    Layout::new(&members, opened.sent_at, &opened.time_zone)
}

/// The zip's validator: its headers and its files' digests say everything about its octets.
fn archive_tag(layout: &Layout, files: &[FileView]) -> String {
    let mut all = Vec::new();
    layout.headers().for_each(|octets| all.extend_from_slice(octets));
    files.iter().for_each(|file| all.extend_from_slice(&file.sha256));
    format!("\"{}\"", hex::encode(&sha256(&all)))
}

/// The zip's name: the subject's first 60 characters.
fn archive_name(subject: &str) -> String {
    let stem: String = shown::visible(subject).chars().take(60).collect();
    let stem = stem.trim().trim_end_matches('.');
    format!("{}.zip", if stem.is_empty() { "files" } else { stem })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn octets(items: Vec<Result<&'static str, DownloadError>>) -> Octets {
        stream::iter(items.into_iter().map(|item| item.map(|text| Bytes::from_static(text.as_bytes())))).boxed()
    }

    async fn read(length: u64, items: Vec<Result<&'static str, DownloadError>>) -> (Vec<u8>, bool) {
        let mut out = Vec::new();
        let mut stream = exactly(length, octets(items), "x".to_owned());
        while let Some(item) = stream.next().await {
            match item {
                Ok(some) => out.extend(some),
                Err(_) => {
                    assert!(stream.next().await.is_none(), "octets after an error");
                    return (out, false);
                }
            }
        }
        (out, true)
    }

    // spec: X-RECEIVE
    #[tokio::test]
    async fn a_download_that_is_not_whole_ends_in_an_error() {
        assert_eq!(read(5, vec![Ok("ab"), Ok("cde")]).await, (b"abcde".to_vec(), true));
        assert_eq!(read(0, vec![]).await, (vec![], true));
        assert_eq!(read(6, vec![Ok("ab"), Ok("cde")]).await, (b"abcde".to_vec(), false));
        assert_eq!(read(4, vec![Ok("ab"), Ok("cde")]).await, (b"ab".to_vec(), false));
        let damaged = Err(DownloadError::Damaged("chunk 1".to_owned()));
        assert_eq!(read(5, vec![Ok("ab"), damaged, Ok("cde")]).await, (b"ab".to_vec(), false));
    }

    /// Some chunks, and a flag that is true once nobody holds them any more.
    fn chunks(count: u8) -> (Octets, Arc<AtomicBool>) {
        struct Held(Arc<AtomicBool>);
        impl Drop for Held {
            fn drop(&mut self) {
                self.0.store(true, Ordering::SeqCst);
            }
        }
        let gone = Arc::new(AtomicBool::new(false));
        let held = Held(Arc::clone(&gone));
        let chunk = move |n| {
            let _ = &held;
            Ok(Bytes::copy_from_slice(&[n]))
        };
        (stream::iter(0..count).map(chunk).boxed(), gone)
    }

    // spec: X-RECEIVE
    #[tokio::test(start_paused = true)]
    async fn a_reader_who_stands_still_is_let_go_and_a_slow_one_is_not() {
        let (octets, gone) = chunks(20);
        let mut slow = taken(octets);
        for n in 0..20 {
            tokio::time::sleep(STILL - Duration::from_secs(1)).await;
            assert_eq!(slow.next().await.unwrap().unwrap(), [n].as_slice());
        }
        assert!(slow.next().await.is_none() && gone.load(Ordering::SeqCst));

        let (octets, gone) = chunks(20);
        let mut still = exactly(20, taken(octets), "x".to_owned());
        assert!(still.next().await.unwrap().is_ok());
        tokio::time::sleep(STILL + Duration::from_secs(1)).await;
        assert!(gone.load(Ordering::SeqCst), "the file is held for a reader who takes nothing");
        let rest: Vec<_> = still.collect().await;
        assert!(rest.len() < 4 && matches!(rest.last(), Some(Err(DownloadError::Unavailable(_)))), "{rest:?}");

        let (octets, gone) = chunks(20);
        drop(taken(octets));
        tokio::task::yield_now().await;
        assert!(gone.load(Ordering::SeqCst), "the file is held for a reader who went away");
    }

    #[test]
    fn a_strangers_media_type_is_not_repeated() {
        assert_eq!(named_type("Application/PDF; name=x"), "application/pdf");
        for other in ["text/html", "image/svg+xml", "application/xhtml+xml", "", "a\r\nb", "text/plain2"] {
            assert_eq!(named_type(other), "application/octet-stream", "{other}");
        }
    }

    #[test]
    fn a_zip_is_called_by_its_subject() {
        assert_eq!(archive_name("見積書のお送り"), "見積書のお送り.zip");
        assert_eq!(archive_name(" \r\n "), "files.zip");
        assert_eq!(archive_name(&"あ".repeat(200)).chars().count(), 64);
    }
}
