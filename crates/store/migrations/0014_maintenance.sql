-- When the exchange is closed (X-OPERATOR). What is over stays: it says why mails waited.

CREATE TABLE maintenance (
    id          {{text}} NOT NULL PRIMARY KEY,
    starts_at   {{int}}  NOT NULL,
    ends_at     {{int}}  NOT NULL,
    made_by     {{text}} NOT NULL,  -- the operator's login id: they may be gone later
    made_at     {{int}}  NOT NULL
){{strict}};
CREATE INDEX maintenance_by_end ON maintenance (ends_at);
