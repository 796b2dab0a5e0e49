//! The readable page of the API (spec X-API): what its document says, for people. The operations' names are in the page's language; what the document itself
//! says of each field is English.

use askama::Template;
use fubako_base::Lang;
use serde_json::{Map, Value};

use super::{Frame, render};

struct Operation {
    id: String,
    method: String,
    path: String,
    summary: String,
    about: String,
    scopes: Vec<String>,
    parameters: Vec<Field>,
    body: Option<Shape>,
    answers: Vec<Answer>,
}

struct Answer {
    status: String,
    about: String,
    shape: Option<Shape>,
}

/// What a body is: a media type, and the name of a shape where it is JSON of ours.
struct Shape {
    media_type: String,
    name: Option<String>,
}

struct Field {
    name: String,
    kind: String,
    required: bool,
    about: String,
}

struct Schema {
    name: String,
    about: String,
    fields: Vec<Field>,
    words: Vec<String>,
}

#[derive(Template)]
#[template(path = "api.html")]
struct ApiPage<'a> {
    f: &'a Frame,
    operations: Vec<Operation>,
    schemas: Vec<Schema>,
    url: &'a str,
}

/// The page for an OpenAPI document; the API is served below `url`.
#[must_use]
pub fn api(frame: &Frame, document: &Value, url: &str) -> String {
    let mut operations = Vec::new();
    for (path, item) in object(&document["paths"]) {
        for method in ["get", "head", "post", "put", "patch", "delete", "options"] {
            if let Some(operation) = item.get(method) {
                operations.push(read_operation(frame, path, method, operation));
            }
        }
    }
    let schemas = object(&document["components"]["schemas"]).iter().map(|(name, schema)| read_schema(name, schema));
    render(&ApiPage { f: frame, operations, schemas: schemas.collect(), url })
}

fn read_operation(frame: &Frame, path: &str, method: &str, operation: &Value) -> Operation {
    let id = text(&operation["operationId"]);
    let parameter = |one: &Value| Field {
        name: text(&one["name"]),
        kind: format!("{} · {}", text(&one["in"]), kind(&one["schema"])),
        required: one["required"] == Value::Bool(true),
        about: text(&one["description"]),
    };
    let answers = object(&operation["responses"]).iter().map(|(status, answer)| Answer {
        status: status.clone(),
        about: text(&answer["description"]),
        shape: shape(&answer["content"]),
    });
    let scopes = list(&operation["security"]).iter().flat_map(|one| list(&one["token"])).map(text);
    Operation {
        summary: frame.t(&format!("web-api-{id}")),
        id,
        method: method.to_uppercase(),
        path: path.to_owned(),
        about: text(&operation["description"]),
        scopes: scopes.collect(),
        parameters: list(&operation["parameters"]).iter().map(parameter).collect(),
        body: shape(&operation["requestBody"]["content"]),
        answers: answers.collect(),
    }
}

fn read_schema(name: &str, schema: &Value) -> Schema {
    let required: Vec<&str> = list(&schema["required"]).iter().filter_map(Value::as_str).collect();
    let field = |(name, field): (&String, &Value)| Field {
        name: name.clone(),
        kind: kind(field),
        required: required.contains(&name.as_str()),
        about: text(&field["description"]),
    };
    // An enum whose words are described one by one is a choice of them.
    let single = list(&schema["oneOf"]).iter().flat_map(|one| list(&one["enum"])).map(text);
    Schema {
        name: name.to_owned(),
        about: text(&schema["description"]),
        fields: object(&schema["properties"]).iter().map(field).collect(),
        words: list(&schema["enum"]).iter().map(text).chain(single).collect(),
    }
}

/// The first kind of a body that there is.
fn shape(content: &Value) -> Option<Shape> {
    let (media_type, one) = object(content).iter().next()?;
    Some(Shape { media_type: media_type.clone(), name: named(&one["schema"]) })
}

/// The name of the shape that a schema refers to, itself or as one of two (the other being null).
fn named(schema: &Value) -> Option<String> {
    let one = |schema: &Value| Some(schema["$ref"].as_str()?.rsplit('/').next()?.to_owned());
    one(schema).or_else(|| list(&schema["oneOf"]).iter().chain(list(&schema["allOf"])).find_map(one))
}

/// What a value is, in a few words.
fn kind(schema: &Value) -> String {
    if let Some(name) = named(schema) {
        return name;
    }
    let format = text(&schema["format"]);
    let all = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().map(text).filter(|kind| kind != "null").collect::<Vec<_>>().join(" | "),
        kind => text(kind),
    };
    match (all.as_str(), format.as_str()) {
        ("array", _) => format!("{}[]", kind(&schema["items"])),
        (_, "") => all,
        (_, format) => format!("{all} ({format})"),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn object(value: &Value) -> &Map<String, Value> {
    static NONE: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
    value.as_object().unwrap_or(&NONE)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::api::document::document;

    // spec: X-API X-LANG
    #[test]
    fn every_operation_and_every_shape_is_on_the_page_in_both_languages() {
        let document = serde_json::to_value(document()).unwrap();
        let mut operations = 0;
        for lang in Lang::ALL {
            let frame =
                Frame { lang, brand: "Brand & Co".to_owned(), unscanned: false, chosen: true, announced: Vec::new() };
            let page = api(&frame, &document, "https://files.example");
            assert!(!page.contains("web-api-") && !page.contains("{$"), "{page}");
            assert_eq!(page.matches("<h1").count(), 1);
            for (path, item) in object(&document["paths"]) {
                for (_, operation) in object(item) {
                    let id = text(&operation["operationId"]);
                    assert!(page.contains(&format!("id=\"{id}\"")), "{id}");
                    operations += 1;
                }
                assert!(page.contains(&format!(">{path}<")), "{path}");
            }
            for name in object(&document["components"]["schemas"]).keys() {
                assert!(page.contains(&format!("id=\"shape-{name}\"")), "{name}");
            }
        }
        assert_eq!(operations, 2 * 15);
    }
}
