-- The mails that the gateway has in hand, and objects given up for erasure.

CREATE TABLE mails (
    id              {{text}} NOT NULL PRIMARY KEY,
    section         {{text}} NOT NULL REFERENCES sections (id),
    state           {{text}} NOT NULL,
    spool_id        {{text}} NOT NULL,
    spool_key       {{blob}},          -- wrapped; NULL once the object is given up
    spool_length    {{int}}  NOT NULL,
    envelope_from   {{text}} NOT NULL,
    peer            {{text}} NOT NULL,
    received_field  {{text}} NOT NULL,
    smtputf8        {{bool}} NOT NULL,
    ret_full        {{bool}},
    envid           {{text}},
    recipients      {{text}} NOT NULL, -- JSON, in order
    received_at     {{int}}  NOT NULL,
    deposit         {{text}},          -- no reference: the exchange may be another installation
    sealed_password {{blob}},
    attempts        {{int}}  NOT NULL,
    due_at          {{int}}  NOT NULL,
    worker          {{text}},
    leased_until    {{int}},
    last_code       {{text}},
    codes           {{text}},          -- JSON: every problem of a mail that was stopped or held
    cause           {{text}},
    ended_at        {{int}},
    UNIQUE (section, id)
){{strict}};
CREATE INDEX mails_by_state ON mails (state, due_at, id);
CREATE UNIQUE INDEX mails_by_spool ON mails (spool_id);

CREATE TABLE erasures (
    object      {{text}} NOT NULL PRIMARY KEY,
    section     {{text}} NOT NULL
){{strict}};
