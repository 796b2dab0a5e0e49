//! The API's own description: an OpenAPI 3.1 document, made from the routes as they stand (spec X-API).

use fubako_api::wire::Problem;
use utoipa::{
    PartialSchema as _, ToSchema as _,
    openapi::{
        Content, Info, OpenApi, OpenApiVersion, Ref, RefOr, Response, ResponseBuilder,
        path::Operation,
        schema::Schema,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
        tag::Tag,
    },
};

use super::described;

/// What may go wrong with any call: the status, and when.
const ALWAYS: &[(&str, &str)] = &[
    ("400", "The request cannot be read."),
    ("401", "A valid bearer token is wanted."),
    ("403", "The token, the section or the sender does not permit it: the code says which."),
    ("405", "There is no such method at this address."),
    ("500", "Something went wrong here."),
    ("503", "Closed for maintenance, or something is away: again after `Retry-After` seconds."),
];
/// Of a file that comes in pieces: what tus has besides.
const IN_PIECES: &[(&str, &str)] =
    &[("412", "`Tus-Resumable` must be the version that `Tus-Version` in the answer names.")];
/// That brings a piece.
const BRINGING: &[(&str, &str)] = &[
    (
        "409",
        "Another piece is wanted: `Upload-Offset` in the answer says how much is there. Or the deposit is not open.",
    ),
    ("415", "A piece is sent as `application/offset+octet-stream`."),
    ("460", "The piece is not what its checksum says: nothing of it is kept."),
];
/// With an id in its path.
const WITH_ID: &[(&str, &str)] = &[("404", "There is no such thing, or it is not the section's.")];
/// That changes something.
const CHANGING: &[(&str, &str)] = &[
    ("409", "It does not go with what was asked before."),
    ("413", "It is too large."),
    ("422", "It can be read, and is not as it must be, or is not let pass: the code says why."),
];

/// The document.
#[must_use]
pub fn document() -> OpenApi {
    let mut document = described().into_openapi();
    document.info = Info::new("Fubako API", "1");
    document.info.description = Some(DESCRIPTION.to_owned());
    document.openapi = OpenApiVersion::Version31;
    document.tags = Some(vec![Tag::new("deposits"), Tag::new("audit")]);
    let components = document.components.get_or_insert_default();
    let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(TOKEN)).build();
    components.add_security_scheme("token", SecurityScheme::Http(scheme));
    components.schemas.insert(Problem::name().into_owned(), Problem::schema());
    for (path, item) in &mut document.paths.paths {
        item.patch.iter_mut().for_each(|operation| tell(operation, BRINGING));
        if path.ends_with("/upload") {
            let spoken = [&mut item.post, &mut item.patch, &mut item.delete, &mut item.head];
            spoken.into_iter().flatten().for_each(|operation| tell(operation, IN_PIECES));
        }
        let changing = [&mut item.post, &mut item.put, &mut item.patch, &mut item.delete];
        changing.into_iter().flatten().for_each(|operation| tell(operation, CHANGING));
        let all = [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete];
        for operation in all.into_iter().chain([&mut item.options, &mut item.head]).flatten() {
            tell(operation, ALWAYS);
            if path.contains("{id}") {
                tell(operation, WITH_ID);
            }
        }
        item.head.iter_mut().for_each(bare);
    }
    document
}

/// An answer to HEAD has no body.
fn bare(operation: &mut Operation) {
    for response in operation.responses.responses.values_mut() {
        if let RefOr::T(response) = response {
            response.content.clear();
        }
    }
}

const DESCRIPTION: &str = "Deposits files for people outside, sees what became of them, cancels them, and reads the audit log. \
A deposit is begun, its files are put one by one, at once or in pieces, and it is sent: until then nobody sees anything of it. Every call may be repeated.";

const TOKEN: &str = "A token that an administrator of the section makes, with what it permits and how long.";

fn tell(operation: &mut Operation, problems: &[(&str, &str)]) {
    for (status, when) in problems {
        operation.responses.responses.entry((*status).to_owned()).or_insert_with(|| RefOr::T(problem(when)));
    }
}

fn problem(when: &str) -> Response {
    let schema: RefOr<Schema> = RefOr::Ref(Ref::from_schema_name(Problem::name()));
    ResponseBuilder::new().description(when).content("application/problem+json", Content::new(Some(schema))).build()
}
