-- +goose Up

-- Who is signed in. A row that has ended has the user name and no tokens; it stays for a
-- while, so that a form that is sent after the end can be kept for its user.
CREATE TABLE screens.session (
    id              bytea       PRIMARY KEY, -- SHA-256 of the cookie
    user_name       text        NOT NULL,
    began_at        timestamptz NOT NULL,
    seen_at         timestamptz NOT NULL,    -- the last request
    ended_at        timestamptz,             -- null while it lasts
    -- Tokens and what they say, encrypted; null when the session has ended.
    tokens          bytea,
    -- Of a session whose id was changed: the new cookie, encrypted.
    successor       bytea,
    caseload        text,                    -- the one that was chosen
    -- The last answer of the service of user roles.
    active_caseload text,
    caseloads       jsonb,
    caseloads_at    timestamptz,
    CHECK ((ended_at IS NULL) = (tokens IS NOT NULL)),
    CHECK (successor IS NULL OR ended_at IS NOT NULL)
);
CREATE INDEX session_ended ON screens.session (ended_at) WHERE ended_at IS NOT NULL;

-- A sign-in that has begun at the issuer and has not come back yet.
CREATE TABLE screens.sign_in_attempt (
    id        bytea       PRIMARY KEY, -- SHA-256 of the parameter state
    browser   bytea       NOT NULL,    -- SHA-256 of the browser's cookie
    began_at  timestamptz NOT NULL,
    secrets   bytea       NOT NULL,    -- the nonce and the code verifier, encrypted
    return_to text        NOT NULL     -- the page to show afterwards
);
CREATE INDEX sign_in_attempt_began ON screens.sign_in_attempt (began_at);

-- What was typed into forms that were sent after the end of a session.
CREATE TABLE screens.kept_form (
    id        uuid        PRIMARY KEY,
    user_name text        NOT NULL,
    page      text        NOT NULL, -- the address of the form
    kept_at   timestamptz NOT NULL,
    fields    bytea       NOT NULL  -- encrypted
);
CREATE INDEX kept_form_user ON screens.kept_form (user_name, kept_at DESC);
CREATE INDEX kept_form_kept ON screens.kept_form (kept_at);

-- Who looked at whom: one row a page or export with a person in it, also a refused one.
CREATE TABLE screens.view (
    id               uuid        PRIMARY KEY,
    at               timestamptz NOT NULL,
    user_name        text        NOT NULL,
    page             text        NOT NULL, -- LIST, RECORD, SEARCH …
    route            text        NOT NULL, -- with parameters in braces
    query            text        NOT NULL,
    -- Whose page it was. The first of a list or a record is the key prisoner.
    subjects         text[]      NOT NULL,
    shown            text[]      NOT NULL, -- every other prisoner number on it
    position         bigint,               -- of the log that the page shows; null when it shows nothing of it
    build            text        NOT NULL,
    request_id       uuid        NOT NULL,
    outside_caseload boolean     NOT NULL,
    refused          boolean     NOT NULL
);
CREATE INDEX view_at ON screens.view (at DESC, id DESC);
CREATE INDEX view_user ON screens.view (user_name, at DESC, id DESC);
CREATE INDEX view_prisoner ON screens.view USING gin ((subjects || shown));

-- The views that the audit queue has not taken yet. They are apart, so that no process
-- needs the right to change a view.
CREATE TABLE screens.unsent_view (
    view_id       uuid        PRIMARY KEY REFERENCES screens.view (id) ON DELETE CASCADE,
    -- Until then no other process sends it.
    claimed_until timestamptz NOT NULL,
    attempts      integer     NOT NULL DEFAULT 0
);
CREATE INDEX unsent_view_claimed ON screens.unsent_view (claimed_until);

-- +goose Down
DROP TABLE screens.unsent_view;
DROP TABLE screens.view;
DROP TABLE screens.kept_form;
DROP TABLE screens.sign_in_attempt;
DROP TABLE screens.session;
