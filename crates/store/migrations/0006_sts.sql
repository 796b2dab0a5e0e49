-- MTA-STS policies of recipients' domains: remembered over restarts and among nodes.

CREATE TABLE sts_policies (
    domain      {{text}} NOT NULL PRIMARY KEY,
    id          {{text}} NOT NULL,
    policy      {{text}} NOT NULL, -- as it was fetched
    fetched_at  {{int}}  NOT NULL,
    expires_at  {{int}}  NOT NULL
){{strict}};
CREATE INDEX sts_policies_to_forget ON sts_policies (expires_at);
