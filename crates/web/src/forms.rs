//! A form's body, in time.

use std::time::Duration;

use axum::{
    Form,
    extract::{FromRequest as _, Request},
    http::StatusCode,
};
use serde::de::DeserializeOwned;
use tokio::time::timeout;

/// For a form to be in.
const FORM_TIME: Duration = Duration::from_secs(10);

/// Reads a form; its length is bounded by the router.
///
/// # Errors
/// 400 for a form that is none, 408 for one that does not come.
pub(crate) async fn read<T: DeserializeOwned>(request: Request) -> Result<T, StatusCode> {
    match timeout(FORM_TIME, Form::<T>::from_request(request, &())).await {
        Ok(Ok(Form(form))) => Ok(form),
        Ok(Err(_)) => Err(StatusCode::BAD_REQUEST),
        Err(_) => Err(StatusCode::REQUEST_TIMEOUT),
    }
}
