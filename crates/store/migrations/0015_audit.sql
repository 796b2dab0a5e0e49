-- The audit log (X-AUDIT): a chain of lines a section, and one of the installation's own.

CREATE TABLE audit_keys (
    version     {{int}}  NOT NULL PRIMARY KEY,
    sealed      {{blob}} NOT NULL,
    created_at  {{int}}  NOT NULL
){{strict}};

-- No reference to sections: the installation's own chain belongs to no customer.
CREATE TABLE audit_chains (
    section     {{text}} NOT NULL PRIMARY KEY,
    first_number {{int}} NOT NULL,   -- of the lines that are kept
    first_hash  {{blob}} NOT NULL,   -- of the line before it
    first_mac   {{blob}} NOT NULL,
    last_number {{int}}  NOT NULL,
    last_hash   {{blob}} NOT NULL,
    last_mac    {{blob}} NOT NULL
){{strict}};

CREATE TABLE audit_lines (
    section     {{text}} NOT NULL REFERENCES audit_chains (section),
    number      {{int}}  NOT NULL,
    at          {{int}}  NOT NULL,
    event       {{text}} NOT NULL,
    actor_kind  {{text}} NOT NULL,
    actor       {{text}} NOT NULL,
    address     {{text}} NOT NULL,   -- IP address; empty where there is none
    object      {{text}} NOT NULL,   -- what it was done to: an id, a name; may be empty
    detail      {{text}} NOT NULL,   -- JSON
    hash        {{blob}} NOT NULL,
    PRIMARY KEY (section, number)
){{strict}};
CREATE INDEX audit_lines_by_time ON audit_lines (section, at);
