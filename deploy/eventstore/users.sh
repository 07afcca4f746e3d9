#!/bin/sh
# Makes the service's users in EventStoreDB, as an administrator:
#
#   EVENTSTORE=https://one:2113 ADMIN_PASSWORD=… SERVE_PASSWORD=… … ./users.sh
#
# A user who is there already is left as it is. `nonassociations eventstore grant` then
# gives each its rights. The passwords do not show in the list of processes.
set -eu
: "${EVENTSTORE:?the address of a node, https://…:2113}" "${ADMIN_PASSWORD:?}"
make_user() {
  [ -n "$2" ] || { echo "$1: its password is not set" >&2; exit 1; }
  status=$(printf '{"loginName":"%s","fullName":"%s","groups":[],"password":"%s"}' "$1" "$1" "$2" |
    curl --silent --show-error --output /dev/null --write-out '%{http_code}' --retry 30 --retry-all-errors --retry-delay 2 \
      --config /dev/fd/3 -H 'Content-Type: application/json' --data-binary @- "$EVENTSTORE/users/" 3<<END
user = "${ADMIN_USER:-admin}:$ADMIN_PASSWORD"
END
  )
  case $status in
    201) echo "$1 was made" ;;
    409) echo "$1 is there already" ;;
    *) echo "$1: EventStoreDB answered $status" >&2; exit 1 ;;
  esac
}
make_user nonassociations-serve "${SERVE_PASSWORD:-}"
make_user nonassociations-screens "${SCREENS_PASSWORD:-}"
make_user nonassociations-project "${PROJECT_PASSWORD:-}"
make_user nonassociations-publish "${PUBLISH_PASSWORD:-}"
make_user nonassociations-listen "${LISTEN_PASSWORD:-}"
make_user nonassociations-work "${WORK_PASSWORD:-}"
make_user nonassociations-evidence "${EVIDENCE_PASSWORD:-}"
