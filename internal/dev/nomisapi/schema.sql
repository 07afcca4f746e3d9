CREATE SCHEMA IF NOT EXISTS nomisapi;

-- An alias of a person, who may have several. Calls know the one whose id the number gives.
CREATE TABLE IF NOT EXISTS nomisapi.offenders (
    offender_id         bigint PRIMARY KEY,
    offender_id_display text   NOT NULL,
    merged_into         text   -- the number that survived a merge; the API then knows this one no more
);

CREATE TABLE IF NOT EXISTS nomisapi.offender_bookings (
    offender_book_id   bigint    PRIMARY KEY,
    offender_id        bigint    NOT NULL,
    booking_begin_date timestamp NOT NULL DEFAULT '2000-01-01 00:00:00',
    received_at        timestamp NOT NULL DEFAULT '2000-01-01 00:00:00' -- by this prisoner: the latest booking counts
);
CREATE INDEX IF NOT EXISTS offender_bookings_offender ON nomisapi.offender_bookings (offender_id);

CREATE TABLE IF NOT EXISTS nomisapi.offender_non_associations (
    offender_id          bigint      NOT NULL,
    ns_offender_id       bigint      NOT NULL,
    offender_book_id     bigint      NOT NULL,
    ns_offender_book_id  bigint      NOT NULL,
    ns_reason_code       varchar(12) NOT NULL,
    recip_ns_reason_code varchar(12),
    PRIMARY KEY (offender_id, ns_offender_id)
);
-- What the list of pairs is read from.
CREATE INDEX IF NOT EXISTS offender_non_associations_listed ON nomisapi.offender_non_associations (offender_id, ns_offender_id)
    WHERE offender_id < ns_offender_id;
CREATE INDEX IF NOT EXISTS offender_non_associations_booking ON nomisapi.offender_non_associations (offender_book_id);

CREATE TABLE IF NOT EXISTS nomisapi.offender_na_details (
    offender_id       bigint       NOT NULL,
    ns_offender_id    bigint       NOT NULL,
    type_seq          numeric(3)   NOT NULL,
    ns_reason_code    varchar(12)  NOT NULL,
    ns_type           varchar(12)  NOT NULL,
    ns_effective_date date         NOT NULL,
    ns_expiry_date    date,
    authorized_staff  varchar(60),
    comment_text      varchar(240),
    create_datetime   timestamp    NOT NULL,
    create_user_id    varchar(32)  NOT NULL,
    modify_datetime   timestamp,
    modify_user_id    varchar(32),
    audit_module_name varchar(65),
    PRIMARY KEY (offender_id, ns_offender_id, type_seq),
    FOREIGN KEY (offender_id, ns_offender_id) REFERENCES nomisapi.offender_non_associations
);

CREATE TABLE IF NOT EXISTS nomisapi.merge_transactions (
    merge_transaction_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    deleted_offender     text      NOT NULL,
    retained_offender    text      NOT NULL,
    previous_booking_id  bigint    NOT NULL,
    active_booking_id    bigint    NOT NULL,
    request_datetime     timestamp NOT NULL
);

CREATE TABLE IF NOT EXISTS nomisapi.splash_screens (
    module_name text  PRIMARY KEY,
    screen      jsonb NOT NULL
);

-- The calls of the API that write. A crash must not forget what it cut off.
CREATE TABLE IF NOT EXISTS nomisapi.calls (
    call_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    pair     text,
    recorded jsonb NOT NULL
);
CREATE INDEX IF NOT EXISTS calls_pair ON nomisapi.calls (pair);
