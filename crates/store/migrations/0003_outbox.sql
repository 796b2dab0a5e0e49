-- The transactional outbox.

CREATE TABLE outgoing (
    id              {{text}} NOT NULL PRIMARY KEY,
    section         {{text}} NOT NULL REFERENCES sections (id),
    kind            {{text}} NOT NULL,
    mail            {{text}},
    envelope_from   {{text}} NOT NULL,
    prefix          {{blob}} NOT NULL,
    content         {{blob}},          -- sealed, for a small mail; NULL once settled
    object_id       {{text}},          -- or a sealed object
    object_key      {{blob}},          -- wrapped; NULL once settled
    object_length   {{int}},
    size            {{int}}  NOT NULL,
    smtputf8        {{bool}} NOT NULL,
    ret_full        {{bool}},
    envid           {{text}},
    first_due_at    {{int}}  NOT NULL,
    queued_at       {{int}}  NOT NULL,
    open_deliveries {{int}}  NOT NULL CHECK (open_deliveries >= 0),
    settled_at      {{int}},
    UNIQUE (section, id),
    FOREIGN KEY (section, mail) REFERENCES mails (section, id)
){{strict}};
CREATE INDEX outgoing_of_mail ON outgoing (section, mail);
CREATE INDEX outgoing_to_settle ON outgoing (id) WHERE settled_at IS NULL AND open_deliveries = 0;
CREATE INDEX outgoing_by_object ON outgoing (object_id);

CREATE TABLE deliveries (
    id              {{text}} NOT NULL PRIMARY KEY,
    section         {{text}} NOT NULL REFERENCES sections (id),
    outgoing        {{text}} NOT NULL,
    position        {{int}}  NOT NULL,
    recipient       {{text}} NOT NULL,
    notify          {{text}},
    orcpt           {{text}},
    state           {{text}} NOT NULL,
    attempts        {{int}}  NOT NULL,
    queued_at       {{int}}  NOT NULL,
    due_at          {{int}}  NOT NULL,
    worker          {{text}},
    leased_until    {{int}},
    last_reply      {{text}},
    remote          {{text}},
    ended_at        {{int}},
    FOREIGN KEY (section, outgoing) REFERENCES outgoing (section, id)
){{strict}};
CREATE INDEX deliveries_by_state ON deliveries (state, due_at, id);
CREATE INDEX deliveries_of_outgoing ON deliveries (outgoing, position);
