
NAME=create-job-definition.sh

usage() {
    printf '%s\n' \
        "usage: $NAME FILE [--region REGION]" \
        '' \
        'Registers the job definition in FILE with AWS Batch through the portal.' \
        '' \
        "  --region REGION  use your team's AWS account in this region" \
        '' \
        "BATCH_PORTAL_TOKEN  your API token (required)" \
        "BATCH_PORTAL_URL    the portal's URL (default: $PORTAL)" \
        '' \
        'Exit codes: 0 registered, 64 usage error, 65 definition refused, 69 portal unavailable,' \
        '75 AWS has not answered yet, 77 token invalid or not allowed.'
}

file=
region=
while [ $# -gt 0 ]; do
    case $1 in
    --help | -h) usage && exit 0 ;;
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

fresh_key
tries=0
while :; do
    ask "$LOST_PATIENCE" -H "Idempotency-Key: $key" -H 'Content-Type: application/json' --data-binary "@$file" \
        "$PORTAL/api/v1/definitions${region:+?region=$region}" || exit 69
    case $status in
    201 | 202) ;;
    *) refused ;;
    esac
    name= revision= arn= url= said=Registered
    while IFS=$TAB read -r kind first second third fourth; do
        case $kind in
        definition) name=$first revision=$second arn=$third url=$fourth ;;
        reused) said='Already registered as' ;;
        esac
    done <<LINES
$answer
LINES
    [ "$status" = 202 ] || break
    # AWS has not answered within the portal's ten seconds. A request with the same key checks again.
    tries=$((tries + 1))
    [ "$tries" -lt 6 ] || fail 75 "AWS has not answered yet. Check whether $name is registered: $url"
done
print_findings
printf '%s %s:%s\n%s\n' "$said" "$name" "$revision" "$arn"
