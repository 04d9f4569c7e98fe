
NAME=submit-job.sh

usage() {
    printf '%s\n' \
        "usage: $NAME FILE [--monitor] [--output FILE] [--region REGION]" \
        '' \
        'Submits the job or workflow in FILE to AWS Batch through the portal. A submission that needs approval is sent' \
        'to AWS Batch once it is approved.' \
        '' \
        '  --monitor        show state changes and logs until all jobs have ended' \
        '  --output FILE    write the AWS Batch job ID to FILE; for a workflow, a line per job: name, tab, ID' \
        "  --region REGION  use your team's AWS account in this region" \
        '' \
        "BATCH_PORTAL_TOKEN  your API token (required)" \
        "BATCH_PORTAL_URL    the portal's URL (default: $PORTAL)" \
        '' \
        'Exit codes: 0 submitted; with --monitor, all jobs succeeded. If a job failed, --monitor exits with the exit' \
        'code of the job, or 1 if it has none. 1 without --monitor: no job ID for --output. 64 usage error, 65 document' \
        'refused, 69 portal unavailable, 77 token invalid or not allowed, 130 interrupted.'
}

file=
region=
output=
monitor=
while [ $# -gt 0 ]; do
    case $1 in
    --help | -h) usage && exit 0 ;;
    --monitor) monitor=1 ;;
    --output)
        output=${2-}
        [ -n "$output" ] || misused '--output needs a file name.'
        shift
        ;;
    --output=*)
        output=${1#*=}
        [ -n "$output" ] || misused '--output needs a file name.'
        ;;
    --region)
        region=${2-}
        check_region
        shift
        ;;
    --region=*)
        region=${1#*=}
        check_region
        ;;
    -*) misused "Unknown option $1." ;;
    *)
        [ -z "$file" ] || misused "More than one file: $file and $1."
        file=$1
        ;;
    esac
    shift
done
check_file
check_means

submission=
url=
jobs=0
now=0
cursor=0
written=
approval=
why=

interrupted() {
    trap '' INT TERM
    printf '\n' >&2
    if [ -z "$submission" ]; then
        complain "interrupted. Check whether it was submitted: $PORTAL/"
    else
        complain "interrupted. The jobs continue: $url"
        complain 'To stop them:'
        printf '  curl -X POST -H "Authorization: Bearer $BATCH_PORTAL_TOKEN" %s\n' \
            "$PORTAL/api/v1/submissions/$submission/stop" >&2
    fi
    exit "$1"
}
trap 'interrupted 130' INT
trap 'interrupted 143' TERM

# Parse a response of the portal: jobs are numbered from 1, and each has variables that end in its number.
take_in() {
    jobs=0
    while IFS=$TAB read -r kind first second third fourth fifth sixth rest; do
        case $kind in
        submission) submission=$first url=$second jobs=0 approval= ;; # forget an earlier, interrupted response
        approval) approval=$first why=$third ;;
        now) now=$first ;;
        cursor) cursor=$first ;;
        state)
            [ "$fifth" != - ] || fifth=
            printf '==> %s %s %s%s\n' "$first" "$third" "$fourth" "${fifth:+: $fifth}"
            ;;
        job)
            jobs=$((jobs + 1))
            eval "id_$jobs=\$first name_$jobs=\$second state_$jobs=\$third batch_$jobs=\$fourth"
            eval "final_$jobs=\$fifth exit_$jobs=\$sixth reason_$jobs=\$rest"
            ;;
        esac
    done <<LINES
$answer
LINES
}

# Fetch the changes; wait up to so many seconds for one.
look() {
    ask "$LOST_PATIENCE" "$PORTAL/api/v1/submissions/$submission?since=$cursor&wait=$1" || lost
    [ "$status" = 200 ] || refused
    take_in
}

lost() { fail 69 "The jobs continue: $url"; }

# Write the IDs once all jobs have one. Returns non-zero if some have none.
write_ids() {
    number=0
    while [ "$number" -lt "$jobs" ]; do
        number=$((number + 1))
        eval "batch=\$batch_$number"
        [ "$batch" != - ] || return 1
    done
    write_known_ids
    written=1
}

write_known_ids() {
    number=0
    while [ "$number" -lt "$jobs" ]; do
        number=$((number + 1))
        eval "batch=\$batch_$number name=\$name_$number"
        if [ "$batch" = - ]; then
            continue
        elif [ "$jobs" -gt 1 ]; then
            printf '%s\t%s\n' "$name" "$batch"
        else
            printf '%s\n' "$batch"
        fi
    done >"$output" || fail 1 "$output cannot be written."
}

# Whether a job has ended without an ID.
any_never_sent() {
    number=0
    while [ "$number" -lt "$jobs" ]; do
        number=$((number + 1))
        eval "batch=\$batch_$number final=\$final_$number name=\$name_$number reason=\$reason_$number"
        [ "$batch$final" != -1 ] || return 0
    done
    return 1
}

await_ids() {
    look 0 >/dev/null
    if [ "$approval" = waiting ]; then
        fail 1 "No job ID yet: the submission is waiting for approval. Use --monitor to wait for it. See $url"
    fi
    until=$((now + 60))
    until write_ids; do
        if any_never_sent; then
            write_known_ids
            fail 1 "$name was not sent to AWS Batch: $reason See $url"
        fi
        if [ "$now" -ge "$until" ]; then
            write_known_ids
            fail 1 "Some jobs have no AWS Batch ID after 60 seconds. See $url"
        fi
        look 5 >/dev/null
    done
}

# Print the new log lines of a job.
follow() {
    eval "next=\${next_$1-} id=\$id_$1 name=\$name_$1"
    prefix=
    [ "$jobs" -le 1 ] || prefix="$name | "
    more=1
    while [ -n "$more" ]; do
        more=
        ask "$LOST_PATIENCE" -G --data-urlencode "next=$next" "$PORTAL/api/v1/jobs/$id/log" || lost
        if [ "$status" != 200 ]; then
            complain "the log of $name cannot be read (HTTP $status): $url"
            eval "read_$1=1"
            return
        fi
        while IFS=$TAB read -r kind first second; do
            case $kind in
            next)
                next=$first
                [ "$second" != 1 ] || eval "read_$1=1"
                ;;
            line)
                printf '%s%s\n' "$prefix" "$second"
                more=1
                ;;
            esac
        done <<LINES
$answer
LINES
    done
    eval "next_$1=\$next"
}

# Follow the logs of all jobs that have started. Sets $going if a job has not ended, $unread if a log may have more.
follow_all() {
    going=
    unread=
    job=0
    while [ "$job" -lt "$jobs" ]; do
        job=$((job + 1))
        eval "state=\$state_$job final=\$final_$job done=\${read_$job-}"
        [ "$final" = 1 ] || going=1
        [ -z "$done" ] || continue
        case $final:$state in
        1:* | 0:RUNNING)
            follow "$job"
            eval "done=\${read_$job-}"
            [ -n "$done" ] || unread=1
            ;;
        esac
    done
}

# Exit with 0, the first exit code of a failed job, or 1.
outcome() {
    code=0
    job=0
    while [ "$job" -lt "$jobs" ]; do
        job=$((job + 1))
        eval "name=\$name_$job state=\$state_$job exit=\$exit_$job reason=\$reason_$job"
        case $state in
        SUCCEEDED | SKIPPED) continue ;;
        esac
        complain "$name: $state${reason:+: $reason}"
        case $exit in
        - | 0 | *[!0-9]*) exit=1 ;;
        *) [ "$exit" -le 255 ] || exit=1 ;;
        esac
        case $code:$exit in
        0:* | 1:*) code=$exit ;;
        esac
    done
    if [ "$code" = 0 ]; then
        printf 'All jobs succeeded: %s\n' "$url"
    else
        complain "not all jobs succeeded: $url"
    fi
    exit "$code"
}

# IDs of an earlier run must not be taken for those of this one.
if [ -n "$output" ]; then
    printf '' >"$output" || fail 64 "$output cannot be written."
fi

fresh_key
ask "$LOST_PATIENCE" -H "Idempotency-Key: $key" -H 'Content-Type: application/json' --data-binary "@$file" \
    "$PORTAL/api/v1/submissions${region:+?region=$region}" || {
    complain "Check whether it was submitted: $PORTAL/"
    exit 69
}
[ "$status" = 202 ] || refused
print_findings
take_in
[ -n "$submission" ] || fail 69 "$PORTAL is not a Batch Portal. Check BATCH_PORTAL_URL."
printf 'Submitted: %s\n' "$url"
if [ "$approval" = waiting ]; then
    printf 'Waiting for approval by a team lead or an administrator. %s\n' "$why"
fi

if [ -z "$monitor" ]; then
    [ -z "$output" ] || await_ids
    exit 0
fi

rounds=0
wait=0
while :; do
    look "$wait"
    if [ -n "$output" ] && [ -z "$written" ]; then
        write_ids || :
    fi
    follow_all
    wait=5
    [ -z "$unread" ] || wait=2
    if [ -z "$going" ]; then
        # All jobs have ended; the last lines of a log may arrive later.
        rounds=$((rounds + 1))
        [ -n "$unread" ] && [ "$rounds" -lt 20 ] || break
        wait=1
    fi
done
if [ -n "$output" ] && [ -z "$written" ]; then
    write_known_ids
fi
outcome
