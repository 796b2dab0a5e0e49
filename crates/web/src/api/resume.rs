//! Files that come in pieces by the API: the tus protocol 1.0 ([`crate::tus`]), beside `PUT` (spec X-API). What becomes of them is
//! [`fubako_exchange::program::resume`]'s.

use axum::{
    Extension,
    body::Body,
    extract::{Path, State, rejection::PathRejection},
    response::{IntoResponse as _, Response},
};
use fubako_base::ids::DepositId;
use fubako_exchange::{
    deposit::Content,
    domain::{NewFile, is_media_type},
    program::{
        Program,
        resume::{ResumeError, Standing},
    },
    uploads::UploadError,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use super::{Api, Caller, deposits::drain, moving, problem::ApiError};
use crate::tus;

/// Why a request gets nothing.
enum Refusal {
    Asked(ApiError),
    Resume(ResumeError),
}

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        Self::Asked(error)
    }
}

impl From<ResumeError> for Refusal {
    fn from(error: ResumeError) -> Self {
        Self::Resume(error)
    }
}

impl From<tus::Unread> for Refusal {
    fn from(tus::Unread(name): tus::Unread) -> Self {
        Self::Asked(ApiError::malformed(&format!("the header {name} is missing, or cannot be read")))
    }
}

/// Which file of which deposit.
type Place = Result<Path<(String, String)>, PathRejection>;

/// Ask what is spoken here
///
/// The version of tus, its extensions, and how a piece's checksum is reckoned.
#[utoipa::path(
    options, path = "/api/v1/deposits/{id}/files/{number}/upload", tag = "deposits", operation_id = "describeUpload",
    params(
        ("id" = String, Path, description = "The deposit's id"),
        ("number" = u32, Path, description = "1, 2, 3 …", minimum = 1, maximum = 1000),
    ),
    responses((status = 204, description = "tus 1.0: creation, checksum, expiration, termination.", headers(
        ("Tus-Version" = String, description = "1.0.0"),
        ("Tus-Extension" = String, description = "What is spoken besides tus's core"),
        ("Tus-Checksum-Algorithm" = String, description = "sha256"),
    ))),
    security(("token" = ["deposits:write"])),
)]
pub(super) async fn describe(Extension(program): Caller) -> Response {
    let permitted = program.may_upload().map_err(|error| ResumeError::from(error).into());
    answered(permitted.map(|()| tus::described()))
}

/// Begin to upload a file
///
/// In place of putting it at once, where it is large or the line may break off. Repeated, it tells how the upload stands. A file that is in already is told
/// as an upload that is whole. One of no octets is in with the answer. Whoever can send no `PATCH`, `HEAD` or `DELETE` sends it as a `POST` that says so in
/// `X-HTTP-Method-Override`.
#[utoipa::path(
    post, path = "/api/v1/deposits/{id}/files/{number}/upload", tag = "deposits", operation_id = "beginUpload",
    params(
        ("id" = String, Path, description = "The deposit's id"),
        ("number" = u32, Path, description = "1, 2, 3 …", minimum = 1, maximum = 1000),
        ("Tus-Resumable" = String, Header, description = "The version of tus", pattern = "^1\\.0\\.0$", example = "1.0.0"),
        ("Upload-Length" = u64, Header, description = "Octets that the file has", example = 41943040),
        ("Upload-Metadata" = String, Header, description = "`filename` and, if known, `filetype`, each with its value in base64 behind a blank, \
            with a comma between: `filename 6KaL56mN5pu4LnBkZg==,filetype YXBwbGljYXRpb24vcGRm`",
            max_length = 4096, example = "filename cmVwb3J0LnBkZg==,filetype YXBwbGljYXRpb24vcGRm"),
    ),
    responses(
        (status = 201, description = "It is begun.", headers(
            ("Location" = String, description = "This address"),
            ("Upload-Offset" = u64, description = "Octets that are there"),
            ("Upload-Expires" = String, description = "When what is there is deleted, unless the deposit was sent before"),
        )),
        (status = 200, description = "It was begun before, or the file is in.", headers(
            ("Location" = String, description = "This address"),
            ("Upload-Offset" = u64, description = "Octets that are there"),
        )),
    ),
    security(("token" = ["deposits:write"])),
)]
pub(super) async fn begin(
    State(api): State<Api>,
    Extension(program): Caller,
    place: Place,
    headers: HeaderMap,
    body: Body,
) -> Response {
    // Whoever can send no other method says here what is meant.
    match tus::method(&Method::POST, &headers) {
        Ok(Method::PATCH) => append(State(api), Extension(program), place, headers, body).await,
        Ok(Method::HEAD) => look(Extension(program), place, headers).await,
        Ok(Method::DELETE) => abort(Extension(program), place, headers).await,
        Ok(_) => answered(create(&api, &program, place, &headers).await),
        Err(unread) => answered(Err(unread.into())),
    }
}

/// See how much of a file is there
///
/// From `Upload-Offset` on it goes on. With all octets there and the file not in yet (the answer was lost, or something was away), an empty piece at the
/// end brings it in.
#[utoipa::path(
    head, path = "/api/v1/deposits/{id}/files/{number}/upload", tag = "deposits", operation_id = "getUpload",
    params(
        ("id" = String, Path, description = "The deposit's id"),
        ("number" = u32, Path, description = "1, 2, 3 …", minimum = 1, maximum = 1000),
        ("Tus-Resumable" = String, Header, description = "The version of tus", pattern = "^1\\.0\\.0$", example = "1.0.0"),
    ),
    responses((status = 200, description = "How it stands.", headers(
        ("Upload-Offset" = u64, description = "Octets that are there"),
        ("Upload-Length" = u64, description = "Octets that the file has"),
        ("Upload-Expires" = String, description = "When what is there is deleted, unless the deposit was sent before; none where the file is in"),
    ))),
    security(("token" = ["deposits:write"])),
)]
pub(super) async fn look(Extension(program): Caller, place: Place, headers: HeaderMap) -> Response {
    let looked = async {
        let (id, number) = named(place, &headers, &Method::HEAD)?;
        Ok(shown(StatusCode::OK, program.upload(id, number).await?))
    };
    answered(looked.await)
}

/// Upload a piece of a file
///
/// At least 256 KiB, but for the file's last piece; with a checksum, 8 MiB at most. What was acknowledged stays; of a piece that breaks off, what there was
/// of it may. The answer to the last piece says that the file is in, scanned and sealed, as after a `PUT`: that takes its time. Where it says why not, the
/// octets stay, and an empty piece at the end tries again.
#[utoipa::path(
    patch, path = "/api/v1/deposits/{id}/files/{number}/upload", tag = "deposits", operation_id = "appendUpload",
    params(
        ("id" = String, Path, description = "The deposit's id"),
        ("number" = u32, Path, description = "1, 2, 3 …", minimum = 1, maximum = 1000),
        ("Tus-Resumable" = String, Header, description = "The version of tus", pattern = "^1\\.0\\.0$", example = "1.0.0"),
        ("Upload-Offset" = u64, Header, description = "Where the piece begins: as many octets as are there", example = 0),
        ("Upload-Checksum" = Option<String>, Header, description = "`sha256`, a blank, and the piece's SHA-256 in base64: nothing of a piece is kept that does not fit it",
            example = "sha256 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="),
    ),
    request_body(content = Vec<u8>, content_type = "application/offset+octet-stream", description = "The piece, octet for octet."),
    responses((status = 204, description = "It is kept; where it was the last, the file is in.", headers(
        ("Upload-Offset" = u64, description = "Octets that are there now"),
        ("Upload-Expires" = String, description = "When what is there is deleted, unless the deposit was sent before; none where the file is in"),
    ))),
    security(("token" = ["deposits:write"])),
)]
pub(super) async fn append(
    State(api): State<Api>,
    Extension(program): Caller,
    place: Place,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let mut content = moving(body);
    let appended = take(&api, &program, place, &headers, &mut content).await;
    if appended.is_err() {
        drain(&mut content).await;
    }
    answered(appended)
}

/// Give an upload up
///
/// What came of it is deleted, and another may begin. A file that is in stays.
#[utoipa::path(
    delete, path = "/api/v1/deposits/{id}/files/{number}/upload", tag = "deposits", operation_id = "abortUpload",
    params(
        ("id" = String, Path, description = "The deposit's id"),
        ("number" = u32, Path, description = "1, 2, 3 …", minimum = 1, maximum = 1000),
        ("Tus-Resumable" = String, Header, description = "The version of tus", pattern = "^1\\.0\\.0$", example = "1.0.0"),
    ),
    responses((status = 204, description = "It is given up.")),
    security(("token" = ["deposits:write"])),
)]
pub(super) async fn abort(Extension(program): Caller, place: Place, headers: HeaderMap) -> Response {
    let aborted = async {
        let (id, number) = named(place, &headers, &Method::DELETE)?;
        program.drop_upload(id, number).await?;
        Ok(StatusCode::NO_CONTENT.into_response())
    };
    answered(aborted.await)
}

async fn create(api: &Api, program: &Program, place: Place, headers: &HeaderMap) -> Result<Response, Refusal> {
    let (id, number) = named(place, headers, &Method::POST)?;
    let (length, metadata) = (tus::length(headers)?, tus::metadata(headers)?);
    let no_name =
        || Refusal::Asked(ApiError::malformed("a filename is wanted in Upload-Metadata, in UTF-8 and base64"));
    let name = tus::metadatum(metadata, "filename").ok_or_else(no_name)?;
    let kind = tus::metadatum(metadata, "filetype").unwrap_or_default().to_ascii_lowercase();
    let media_type = if is_media_type(&kind) { kind } else { "application/octet-stream".to_owned() };
    let file = NewFile { number, name, media_type };
    let (standing, is_new) = program.begin_upload(id, file, length, (api.clock)()).await?;
    let mut response = shown(if is_new { StatusCode::CREATED } else { StatusCode::OK }, standing);
    if let Ok(location) = HeaderValue::try_from(format!("/api/v1/deposits/{id}/files/{number}/upload")) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

async fn take(
    api: &Api,
    program: &Program,
    place: Place,
    headers: &HeaderMap,
    content: &mut Content<'_>,
) -> Result<Response, Refusal> {
    let place = named(place, headers, &Method::PATCH)?;
    if !tus::is_piece(headers) {
        return Err(ApiError::no_piece().into());
    }
    let (offset, checksum) = (tus::offset(headers)?, tus::checksum(headers)?);
    let standing = program.append_upload(place, offset, content, checksum, (api.clock)()).await?;
    Ok(shown(StatusCode::NO_CONTENT, standing))
}

/// Which file of which deposit a request of our version is about.
fn named(place: Place, headers: &HeaderMap, method: &Method) -> Result<(DepositId, u32), Refusal> {
    tus::method(method, headers)?;
    let Path((id, number)) = place.map_err(|_| ApiError::not_found())?;
    let id = id.parse().map_err(|_| ApiError::not_found())?;
    let number = number.parse().map_err(|_| ApiError::not_found())?;
    if tus::is_spoken(headers) { Ok((id, number)) } else { Err(ApiError::other_version().into()) }
}

fn shown(status: StatusCode, standing: Standing) -> Response {
    tus::standing(status, standing.received, Some(standing.length), standing.until)
}

fn answered(answer: Result<Response, Refusal>) -> Response {
    tus::finished(match answer {
        Ok(response) => response,
        Err(Refusal::Asked(error)) => error.into_response(),
        Err(Refusal::Resume(ResumeError::Deposit(error))) => ApiError::from(error).into_response(),
        Err(Refusal::Resume(ResumeError::Upload(UploadError::Offset(offset)))) => {
            tus::at_offset(ApiError::from(UploadError::Offset(offset)).into_response(), offset)
        }
        Err(Refusal::Resume(ResumeError::Upload(error))) => ApiError::from(error).into_response(),
    })
}
