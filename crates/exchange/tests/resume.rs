//! Programs' files in pieces: what is kept of one that breaks off (spec X-API).

#![allow(clippy::unwrap_used, clippy::panic, clippy::cast_possible_truncation)]

use bytes::Bytes;
use fubako_base::{Code, ids::DepositId};
use fubako_exchange::{
    deposit::{Content, DepositError},
    domain::{NewFile, Whence, api_tokens::Bearer},
    program::{
        Program,
        resume::{ResumeError, Standing},
    },
    uploads::{LEAST, PART, UploadError},
};
use fubako_testkit::{
    clamd::Clamd,
    house::{House, noise, request},
    section,
};
use futures::{StreamExt as _, stream};

const LENGTH: usize = (2 * PART + LEAST) as usize + 100;

struct Place {
    house: House,
    program: Program,
    id: DepositId,
    octets: Vec<u8>,
}

impl Place {
    async fn new() -> Self {
        Self::on(House::new().await).await
    }

    async fn on(house: House) -> Self {
        let asked = request(&["hanako@example.jp"], 1);
        let (deposit, _) = house.exchange.begin("k", &asked, Whence::Within, house.now()).await.unwrap();
        let program = house.exchange.program(Bearer::Gateway, Whence::Within);
        let place = Self { house, program, id: deposit.id, octets: noise(LENGTH) };
        let file = NewFile { number: 1, name: "図面.zip".into(), media_type: "application/zip".into() };
        place.program.begin_upload(place.id, file, LENGTH as u64, place.house.now()).await.unwrap();
        place
    }

    /// Sends what lies between; and then the line breaks off, or not.
    async fn send(&self, from: usize, to: usize, breaks_off: bool) -> Result<Standing, ResumeError> {
        let pieces = self.octets[from..to].chunks(60_000).map(|piece| Ok(Bytes::copy_from_slice(piece)));
        let mut pieces: Vec<_> = pieces.collect();
        if breaks_off {
            pieces.push(Err(std::io::ErrorKind::ConnectionReset.into()));
        }
        let mut content: Content<'static> = stream::iter(pieces).boxed();
        self.program.append_upload((self.id, 1), from as u64, &mut content, None, self.house.now()).await
    }

    async fn there(&self) -> usize {
        self.program.upload(self.id, 1).await.unwrap().received as usize
    }
}

fn broke_off(answer: &Result<Standing, ResumeError>) -> bool {
    matches!(answer, Err(ResumeError::Upload(UploadError::BrokenOff)))
}

// spec: X-API
#[tokio::test]
async fn of_a_piece_that_breaks_off_stays_what_is_worth_a_row() {
    let (place, least, part) = (Place::new().await, LEAST as usize, PART as usize);
    assert!(broke_off(&place.send(0, least - 1, true).await));
    assert_eq!((place.there().await, place.house.objects().len()), (0, 0), "too little for a row and an object");
    assert!(broke_off(&place.send(0, least, true).await));
    assert_eq!((place.there().await, place.house.objects().len()), (least, 1));
    // Behind a whole part the little that comes is the same piece's.
    assert!(broke_off(&place.send(least, least + part + 1, true).await));
    assert_eq!((place.there().await, place.house.objects().len()), (least + part + 1, 3));
    let (from, rows) = (least + part + 1, place.house.objects().len());
    assert!(matches!(place.send(from, from + 1, false).await, Err(ResumeError::Upload(UploadError::Invalid(_)))));
    assert_eq!(place.send(from, from, false).await.unwrap().received, from as u64, "nothing is no piece");
    assert_eq!(place.house.objects().len(), rows);

    // The last octets came and the answer could not go: they stay however few they are, and nothing more need come.
    place.send(from, LENGTH - 50, false).await.unwrap();
    assert!(broke_off(&place.send(LENGTH - 50, LENGTH, true).await));
    assert_eq!(place.there().await, LENGTH);
    assert!(place.house.exchange.get(place.id).await.unwrap().files.is_empty());
    let done = place.send(LENGTH, LENGTH, false).await.unwrap();
    assert_eq!((done.received as usize, done.until), (LENGTH, None));
    let files = place.house.exchange.get(place.id).await.unwrap().files;
    assert_eq!((files[0].size as usize, files[0].sha256), (LENGTH, fubako_exchange::token::sha256(&place.octets)));
}

// spec: X-API
#[tokio::test]
async fn of_two_that_bring_the_same_piece_one_is_kept_and_the_other_is_told() {
    let (place, least) = (Place::new().await, LEAST as usize);
    let sent = futures::future::join_all((0..4).map(|_| place.send(0, least, false))).await;
    let kept = sent.iter().filter(|answer| answer.is_ok()).count();
    let told =
        |answer: &&Result<Standing, ResumeError>| matches!(answer, Err(ResumeError::Upload(UploadError::Offset(_))));
    assert_eq!((kept, sent.iter().filter(told).count()), (1, 3), "{sent:?}");
    assert_eq!((place.there().await, place.house.objects().len()), (least, 1), "what was not kept is deleted");
}

// spec: X-API KEEP-VIRUS
#[tokio::test]
async fn what_is_given_up_while_it_waits_to_become_a_file_becomes_no_empty_one() {
    let clamd = Clamd::start().await;
    let place = Place::on(House::with(clamd.scanner(), section("acme")).await).await;
    clamd.learn(&place.octets[..64], "stream: Eicar-Test FOUND");
    place.send(0, LENGTH - 1, false).await.unwrap();
    assert!(broke_off(&place.send(LENGTH - 1, LENGTH, true).await));
    clamd.hold().await;
    let (first, second, ()) =
        tokio::join!(place.send(LENGTH, LENGTH, false), place.send(LENGTH, LENGTH, false), async {
            // One of them has the scanner look, the other waits for it.
            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
            place.program.drop_upload(place.id, 1).await.unwrap();
            clamd.go_on();
        });
    let refused = |answer: &Result<Standing, ResumeError>| {
        let Err(ResumeError::Deposit(error)) = answer else { panic!("{answer:?}") };
        matches!(error, DepositError::Refused { code: Code::Virus, .. } | DepositError::Conflict(_))
    };
    assert!(refused(&first) && refused(&second), "{first:?} {second:?}");
    assert!(place.house.exchange.get(place.id).await.unwrap().files.is_empty());
}
