//! Errors as the API tells them: problem documents (RFC 9457) with a stable code.

use axum::response::{IntoResponse, Response};
use fubako_api::wire::Problem;
use fubako_base::Code;
use fubako_exchange::{deposit::DepositError, uploads::UploadError};
use http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::{refusals::refused, tus};

/// The code of what a token's scopes do not permit.
const SCOPE: &str = "insufficient-scope";

/// What the caller is told. A private cause is in the log by the time one of these is made.
#[derive(Debug)]
pub(super) struct ApiError {
    status: StatusCode,
    code: &'static str,
    title: &'static str,
    detail: Option<String>,
    /// With 503: seconds after which it may be well to ask again.
    retry_after: u64,
}

impl ApiError {
    const fn new(status: StatusCode, code: &'static str, title: &'static str) -> Self {
        Self { status, code, title, detail: None, retry_after: 30 }
    }

    /// The exchange is closed, for so many seconds yet (spec X-OPERATOR).
    pub(super) fn maintenance(seconds: u64) -> Self {
        let title = "The exchange is closed for maintenance.";
        let error = Self::new(StatusCode::SERVICE_UNAVAILABLE, Code::Maintenance.name(), title);
        Self { retry_after: seconds, ..error }
    }

    fn with(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    pub(super) const fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", "A valid bearer token is wanted.")
    }

    pub(super) const fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "There is no such thing.")
    }

    pub(super) const fn no_method() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "invalid", "There is no such method here.")
    }

    /// A request of another tus, or of none.
    pub(super) fn other_version() -> Self {
        Self::new(StatusCode::PRECONDITION_FAILED, "invalid", "Another version of tus is spoken here.")
            .with(format!("Tus-Resumable: {} is wanted", tus::VERSION))
    }

    /// A body that is no piece of a file.
    pub(super) fn no_piece() -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "invalid", "The body is no piece of a file.")
            .with(format!("Content-Type: {} is wanted", tus::PIECE))
    }

    /// A request that cannot be read.
    pub(super) fn malformed(detail: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid", "The request cannot be read.").with(detail)
    }

    /// A body that could not be read: too long, or broken off.
    pub(super) fn unread(error: &axum::Error, limit: usize) -> Self {
        let mut cause: Option<&dyn std::error::Error> = Some(error);
        while let Some(error) = cause {
            if error.is::<http_body_util::LengthLimitError>() {
                let title = "The request is too large.";
                return Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", title)
                    .with(format!("more than {limit} octets"));
            }
            cause = error.source();
        }
        Self::malformed("the body broke off")
    }

    fn refused(code: Code, detail: String) -> Self {
        let (status, title) = match code {
            Code::FilesTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "The files are too large."),
            Code::Virus => (StatusCode::UNPROCESSABLE_ENTITY, "The scanner found something."),
            Code::FileEncrypted => {
                (StatusCode::UNPROCESSABLE_ENTITY, "The file is encrypted and could not be scanned.")
            }
            Code::ScanLimit => (StatusCode::UNPROCESSABLE_ENTITY, "The file could not be scanned completely."),
            Code::OptionOff => (StatusCode::FORBIDDEN, "The mail-link option is off."),
            Code::AutopilotOff => (StatusCode::FORBIDDEN, "Use by programs is not permitted."),
            Code::IpNotAllowed => (StatusCode::FORBIDDEN, "Deposits from this address are not permitted."),
            Code::WrongDomain => (StatusCode::FORBIDDEN, "The section's own domain is not served."),
            Code::SenderMalformed => (StatusCode::UNPROCESSABLE_ENTITY, "The sender's is not a mail address."),
            Code::GroupNotSet => (StatusCode::FORBIDDEN, "The section has no mail-link group."),
            Code::SenderNotInGroup => (StatusCode::FORBIDDEN, "The sender is not in the mail-link group."),
            Code::SenderLocked => (StatusCode::FORBIDDEN, "The sender's account is locked."),
            Code::SenderPasswordExpired => (StatusCode::FORBIDDEN, "The password of the sender's account has expired."),
            Code::DefaultUserCredentials => {
                (StatusCode::FORBIDDEN, "The sender has no account, and there is no default user.")
            }
            Code::DefaultUserNoGroup => (
                StatusCode::FORBIDDEN,
                "The sender has no account, and the default user is not in the mail-link group.",
            ),
            Code::DefaultUserLocked => {
                (StatusCode::FORBIDDEN, "The sender has no account, and the default user's is locked.")
            }
            Code::DefaultUserPasswordReset => {
                (StatusCode::FORBIDDEN, "The sender has no account, and the default user's password was reset.")
            }
            Code::DefaultUserPasswordExpired => {
                (StatusCode::FORBIDDEN, "The sender has no account, and the default user's password has expired.")
            }
            Code::ApprovalMisconfigured => (StatusCode::FORBIDDEN, "There is nobody who could approve the deposit."),
            _ => (StatusCode::UNPROCESSABLE_ENTITY, "The request was refused."),
        };
        Self::new(status, code.name(), title).with(detail)
    }
}

impl From<DepositError> for ApiError {
    fn from(error: DepositError) -> Self {
        match error {
            DepositError::Invalid(invalid) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "The request is not as it must be.")
                    .with(invalid.0)
            }
            DepositError::NotFound => Self::not_found(),
            DepositError::Scope(scope) => {
                let title = "The token does not permit this.";
                Self::new(StatusCode::FORBIDDEN, SCOPE, title).with(scope.as_str())
            }
            DepositError::Conflict(why) => {
                Self::new(StatusCode::CONFLICT, "conflict", "It does not go with what was asked before.").with(why)
            }
            DepositError::Refused { code, detail } => {
                tracing::info!(code = code.name(), detail, "a deposit was refused");
                Self::refused(code, detail)
            }
            DepositError::Unavailable { code, cause } => {
                tracing::warn!(code = code.name(), cause, "the exchange is unavailable");
                Self::new(StatusCode::SERVICE_UNAVAILABLE, code.name(), "Please try again later.")
            }
            DepositError::Upload(cause) => {
                tracing::info!(%cause, "an upload broke off");
                Self::malformed("the file broke off")
            }
            DepositError::Internal(cause) => {
                tracing::error!(cause, "the exchange failed");
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Something went wrong.")
            }
        }
    }
}

impl From<UploadError> for ApiError {
    fn from(error: UploadError) -> Self {
        match error {
            UploadError::NotFound => Self::not_found(),
            UploadError::Invalid(why) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "The request is not as it must be.").with(why)
            }
            UploadError::TooLarge(most) => Self::refused(Code::FilesTooLarge, format!("more than {most} octets")),
            UploadError::Offset(offset) => {
                let title = "Another piece is wanted.";
                Self::new(StatusCode::CONFLICT, "conflict", title).with(format!("{offset} octets are there"))
            }
            UploadError::Checksum => {
                let status = StatusCode::from_u16(tus::CHECKSUM_MISMATCH).unwrap_or(StatusCode::BAD_REQUEST);
                Self::new(status, "checksum-mismatch", "The piece is not what its checksum says.")
            }
            UploadError::BrokenOff => Self::malformed("the piece broke off"),
            UploadError::Unavailable(cause) => DepositError::Unavailable { code: Code::UploadFailed, cause }.into(),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let problem = Problem {
            kind: format!("urn:fubako:problem:{}", self.code),
            title: self.title.to_owned(),
            status: self.status.as_u16(),
            code: self.code.to_owned(),
            detail: self.detail,
        };
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        match self.status {
            StatusCode::UNAUTHORIZED => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(self.retry_after));
            }
            _ => {}
        }
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        let response = (self.status, headers, body).into_response();
        if self.code == SCOPE { refused(response, "a scope that the token has not") } else { response }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use fubako_base::scope::Scope;
    use fubako_exchange::domain::Invalid;

    use super::*;

    async fn told(error: DepositError) -> (u16, Problem) {
        let response = ApiError::from(error).into_response();
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
        let status = response.status().as_u16();
        let body = axum::body::to_bytes(response.into_body(), 4096).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }

    // spec: X-API
    #[tokio::test]
    async fn every_error_has_its_status_and_code_and_no_private_cause() {
        let secret = || "disk /dev/secret".to_owned();
        let refused = |code| DepositError::Refused { code, detail: "d".into() };
        let cases = [
            (DepositError::Invalid(Invalid("x".into())), 422, "invalid"),
            (DepositError::NotFound, 404, "not-found"),
            (DepositError::Conflict("x"), 409, "conflict"),
            (DepositError::Scope(Scope::Audit), 403, "insufficient-scope"),
            (refused(Code::FilesTooLarge), 413, "files-too-large"),
            (refused(Code::Virus), 422, "virus"),
            (refused(Code::FileEncrypted), 422, "file-encrypted"),
            (refused(Code::ScanLimit), 422, "scan-limit"),
            (refused(Code::OptionOff), 403, "option-off"),
            (refused(Code::AutopilotOff), 403, "autopilot-off"),
            (refused(Code::IpNotAllowed), 403, "ip-not-allowed"),
            (refused(Code::WrongDomain), 403, "wrong-domain"),
            (refused(Code::SenderMalformed), 422, "sender-malformed"),
            (refused(Code::GroupNotSet), 403, "group-not-set"),
            (refused(Code::SenderNotInGroup), 403, "sender-not-in-group"),
            (refused(Code::DefaultUserCredentials), 403, "default-user-credentials"),
            (refused(Code::DefaultUserNoGroup), 403, "default-user-no-group"),
            (refused(Code::SenderLocked), 403, "sender-locked"),
            (refused(Code::SenderPasswordExpired), 403, "sender-password-expired"),
            (refused(Code::DefaultUserLocked), 403, "default-user-locked"),
            (refused(Code::DefaultUserPasswordReset), 403, "default-user-password-reset"),
            (refused(Code::DefaultUserPasswordExpired), 403, "default-user-password-expired"),
            (refused(Code::ApprovalMisconfigured), 403, "approval-misconfigured"),
            (DepositError::Unavailable { code: Code::UploadFailed, cause: secret() }, 503, "upload-failed"),
            (DepositError::Upload(std::io::Error::other(secret())), 400, "invalid"),
            (DepositError::Internal(secret()), 500, "internal"),
        ];
        for (error, status, code) in cases {
            let (found, problem) = told(error).await;
            assert_eq!((found, problem.status, problem.code.as_str()), (status, status, code));
            assert_eq!(problem.kind, format!("urn:fubako:problem:{code}"));
            assert!(!format!("{problem:?}").contains("secret"), "{problem:?}");
            let ours = Code::from_name(code).is_some() || fubako_api::wire::API_CODES.contains(&code);
            assert!(ours, "{code} is no code of the API's");
        }
    }

    // spec: X-API
    #[tokio::test]
    async fn every_error_of_an_upload_has_tus_s_status_and_a_code() {
        let cases = [
            (UploadError::NotFound, 404, "not-found"),
            (UploadError::Invalid("x"), 422, "invalid"),
            (UploadError::TooLarge(5), 413, "files-too-large"),
            (UploadError::Offset(5), 409, "conflict"),
            (UploadError::Checksum, 460, "checksum-mismatch"),
            (UploadError::BrokenOff, 400, "invalid"),
            (UploadError::Unavailable("disk /dev/secret".to_owned()), 503, "upload-failed"),
        ];
        let told = cases.map(|(error, status, code)| (ApiError::from(error), status, code));
        let ours = [(ApiError::other_version(), 412, "invalid"), (ApiError::no_piece(), 415, "invalid")];
        for (error, status, code) in told.into_iter().chain(ours) {
            let response = error.into_response();
            let found = response.status().as_u16();
            let body = axum::body::to_bytes(response.into_body(), 4096).await.unwrap();
            let problem: Problem = serde_json::from_slice(&body).unwrap();
            assert_eq!((found, problem.status, problem.code.as_str()), (status, status, code));
            assert!(!format!("{problem:?}").contains("secret"), "{problem:?}");
            let known = Code::from_name(code).is_some() || fubako_api::wire::API_CODES.contains(&code);
            assert!(known, "{code} is no code of the API's");
        }
    }
}
