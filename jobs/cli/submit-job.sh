
NAME=submit-job.sh

usage() {
    printf '%s\n' \
        "usage: $NAME FILE [--monitor] [--output FILE] [--region REGION]" \
        '' \
        'Submits the job or the workflow in FILE to AWS Batch, through the portal. What has to be approved waits for' \
        'that, and is submitted all the same.' \
        '' \
        '  --monitor        show each change of state and the logs until all jobs have ended' \
        "  --output FILE    write the job's id in AWS Batch to FILE; of a workflow, each job's name, a tab, its id" \
        '  --region REGION  to the AWS account that your team has in this region' \
        '' \
        'BATCH_PORTAL_TOKEN  a token of your team; needed' \
        "BATCH_PORTAL_URL    the portal's address; else $PORTAL" \
        '' \
        'Exit codes: 0 submitted, and with --monitor: all jobs succeeded. With --monitor else the exit code of the' \
        'job that failed, 1 if it has none. 1 without --monitor: --output found no id. 64 misused, 65 the document' \
        'was refused, 69 the portal cannot be reached, 77 the token is not allowed to, 130 interrupted.'
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
        [ -n "$output" ] || misused '--output needs the name of a file.'
        shift
        ;;
    --output=*)
        output=${1#*=}
        [ -n "$output" ] || misused '--output needs the name of a file.'
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
    -*) misused "There is no option $1." ;;
    *)
        [ -z "$file" ] || misused "One file at a time: $file, and then $1?"
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
        complain "interrupted. Whether it was submitted is seen at $PORTAL/"
    else
        complain "interrupted. The jobs go on: $url"
        complain 'To stop them:'
        printf '  curl -X POST -H "Authorization: Bearer $BATCH_PORTAL_TOKEN" %s\n' \
            "$PORTAL/api/v1/submissions/$submission/stop" >&2
    fi
    exit "$1"
}
trap 'interrupted 130' INT
trap 'interrupted 143' TERM

# Take in an answer of the portal: jobs are numbered from 1, and what is known of each is kept in variables that end
# in its number.
take_in() {
    jobs=0
    while IFS=$TAB read -r kind first second third fourth fifth sixth rest; do
        case $kind in
        submission) submission=$first url=$second jobs=0 approval= ;; # what a broken answer said before is forgotten
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

# Take up what has changed, or answer after so many seconds.
look() {
    ask "$LOST_PATIENCE" "$PORTAL/api/v1/submissions/$submission?since=$cursor&wait=$1" || lost
    [ "$status" = 200 ] || refused
    take_in
}

lost() { fail 69 "The jobs go on: $url"; }

# Write the ids once all jobs have one. Not 0: not all have.
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

# Whether a job has ended without ever getting an id.
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
        fail 1 "AWS Batch gives no id before it is approved. With --monitor this waits for it. See $url"
    fi
    until=$((now + 60))
    until write_ids; do
        if any_never_sent; then
            write_known_ids
            fail 1 "$name was never sent to AWS Batch: $reason See $url"
        fi
        if [ "$now" -ge "$until" ]; then
            write_known_ids
            fail 1 "AWS Batch has not given an id to every job within 60 seconds. They are seen at $url"
        fi
        look 5 >/dev/null
    done
}

# Print what a job has written since the last time.
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

# Follow the logs of all jobs that have begun. Afterwards $going says whether any job has not ended, $unread whether
# something may still be read.
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

# The exit code for everything: 0, or the first one that a failed job has, or 1.
outcome() {
    code=0
    job=0
    while [ "$job" -lt "$jobs" ]; do
        job=$((job + 1))
        eval "name=\$name_$job state=\$state_$job exit=\$exit_$job reason=\$reason_$job"
        [ "$state" != SUCCEEDED ] || continue
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

# What an earlier run wrote there must not be taken for the ids of this one.
if [ -n "$output" ]; then
    printf '' >"$output" || fail 64 "$output cannot be written."
fi

fresh_key
ask "$LOST_PATIENCE" -H "Idempotency-Key: $key" -H 'Content-Type: application/json' --data-binary "@$file" \
    "$PORTAL/api/v1/submissions${region:+?region=$region}" || {
    complain "Whether it was submitted is seen at $PORTAL/"
    exit 69
}
[ "$status" = 202 ] || refused
print_findings
take_in
[ -n "$submission" ] || fail 69 "$PORTAL does not answer as a Batch Portal does."
printf 'Submitted: %s\n' "$url"
if [ "$approval" = waiting ]; then
    printf 'It waits until a lead of your team or an administrator approves it. %s\n' "$why"
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
        # Everything has ended; the last lines of a log may come a little later.
        rounds=$((rounds + 1))
        [ -n "$unread" ] && [ "$rounds" -lt 20 ] || break
        wait=1
    fi
done
if [ -n "$output" ] && [ -z "$written" ]; then
    write_known_ids
fi
outcome
