
# Needs a POSIX shell and curl only: no jq, sed or sleep. The portal answers in lines of tab-separated fields, and waits
# before it answers if there is nothing new.

set -u

PORTAL=${BATCH_PORTAL_URL:-@PORTAL@}
PORTAL=${PORTAL%/}
TAB=$(printf '\t')
NEWLINE='
'
LOST_PATIENCE=120

complain() { printf '%s: %s\n' "$NAME" "$*" >&2; }

fail() {
    fail_code=$1
    shift
    complain "$*"
    exit "$fail_code"
}

misused() { fail 64 "$* Try $NAME --help."; }

check_means() {
    command -v curl >/dev/null 2>&1 || fail 69 'curl not found. Install it or add it to PATH.'
    case $PORTAL in
    *[\"\\\ ]* | *"$NEWLINE"*) misused "BATCH_PORTAL_URL is not a valid URL: $PORTAL." ;;
    http://?* | https://?*) ;;
    *) misused "BATCH_PORTAL_URL must start with http:// or https://: $PORTAL." ;;
    esac
    if [ -z "${BATCH_PORTAL_TOKEN:-}" ]; then
        fail 64 "set and export BATCH_PORTAL_TOKEN. Create a token at $PORTAL/tokens/."
    fi
    case $BATCH_PORTAL_TOKEN in
    *[!A-Za-z0-9_-]*) fail 64 'BATCH_PORTAL_TOKEN contains an invalid character. Copy the token again, without spaces or quotes.' ;;
    esac
    # Newer versions of curl can also wait after a connection that broke off; older ones only after a refused one.
    retry_all=
    if curl --retry-all-errors -V >/dev/null 2>&1; then retry_all=--retry-all-errors; fi
}

check_file() {
    [ -n "$file" ] || misused 'FILE is missing.'
    if [ ! -f "$file" ] || [ ! -r "$file" ]; then
        fail 64 "$file cannot be read."
    fi
}

check_region() {
    case $region in
    '' | *[!a-z0-9-]*) misused '--region needs an AWS region, such as us-west-2.' ;;
    esac
}

# ask SECONDS CURL-ARGUMENT…
# Sets $answer to the response's lines and $status to its HTTP status. Retries a lost connection for so many seconds;
# curl itself waits between retries. Returns non-zero if the portal could not be reached.
ask() {
    ask_patience=$1
    shift
    ask_again=
    ask_tries=0
    while :; do
        # The token is passed through a pipe: other users of this machine can read command lines.
        answer=$(
            printf 'header = "Authorization: Bearer %s"\nheader = "Accept: text/plain"\nuser-agent = "batch-portal-cli"\n' \
                "$BATCH_PORTAL_TOKEN" |
                curl -K - -s -g --connect-timeout 10 --max-time 60 $ask_again -w '\nstatus\t%{http_code}' "$@"
        )
        ask_result=$?
        status=${answer##*status"$TAB"}
        answer=${answer%"$NEWLINE"status*}
        case $ask_result:$status in
        0:429 | 0:502 | 0:503 | 0:504 | 0:000) ;;
        0:*) return 0 ;;
        5:* | 6:* | 7:* | 16:* | 18:* | 28:* | 35:* | 52:* | 55:* | 56:* | 92:*) ;;
        *)
            complain "curl failed for $PORTAL (exit code $ask_result; see man curl)."
            return 1
            ;;
        esac
        ask_tries=$((ask_tries + 1))
        if [ -z "$ask_again" ]; then
            case $ask_result:$status in
            0:429) complain "rate limit of $PORTAL reached, waiting …" ;;
            *) complain "connection to $PORTAL lost, trying again …" ;;
            esac
            ask_again="--retry 100 --retry-delay 1 --retry-connrefused --retry-max-time $ask_patience $retry_all"
            continue
        fi
        case $retry_all$ask_result in
        16 | 18 | 35 | 52 | 55 | 56 | 92) [ "$ask_tries" -ge 30 ] || continue ;; # the next try may be refused, and waits
        esac
        complain "$PORTAL cannot be reached."
        return 1
    done
}

# The idempotency key: the portal recognizes a retry by it.
fresh_key() {
    ask 15 "$PORTAL/api/v1/key" || exit 69
    [ "$status" = 200 ] || refused
    key=
    while IFS=$TAB read -r kind first rest; do
        [ "$kind" != key ] || key=$first
    done <<LINES
$answer
LINES
    [ -n "$key" ] || fail 69 "$PORTAL is not a Batch Portal. Check BATCH_PORTAL_URL."
}

# Print errors, warnings and notes of the response with their positions in the file.
print_findings() {
    while IFS=$TAB read -r kind severity line column pointer message; do
        case $kind in
        error) complain "$severity." ;;
        change) printf '%s: note: %s\n' "$file" "$line" >&2 ;;
        problem)
            case $line:$message in
            -:* | *:Line\ *) printf '%s: %s: %s\n' "$file" "$severity" "$message" >&2 ;;
            *) printf '%s:%s:%s: %s: %s\n' "$file" "$line" "$column" "$severity" "$message" >&2 ;;
            esac
            ;;
        esac
    done <<LINES
$answer
LINES
}

refused() {
    case $status in
    401 | 403)
        file=$PORTAL
        print_findings
        exit 77
        ;;
    413 | 422)
        print_findings
        exit 65
        ;;
    5*) fail 69 "the portal failed (HTTP $status). Try again in a minute." ;;
    esac
    fail 69 "$PORTAL answered with HTTP $status. Check BATCH_PORTAL_URL."
}
