"""STS: identity, and credentials for other accounts."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs
from uuid import uuid4
from xml.sax.saxutils import escape

from jobs.sandbox.errors import InvalidParameterError, ServiceError
from jobs.sandbox.gateway import WireReply, WireRequest
from jobs.sandbox.signature import SignatureScope, role_access_key

NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"
Fields = dict[str, str]


class StsService:
    def operation_name(self, request: WireRequest) -> str:
        return parse_qs(request.body.decode(errors="replace")).get("Action", [""])[0]

    def answer(self, request: WireRequest, scope: SignatureScope, request_id: str) -> WireReply:
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        action = form.get("Action", "")
        if action == "GetCallerIdentity":
            result = _caller_identity(scope)
        elif action == "AssumeRole":
            result = _assume_role(form)
        else:
            raise ServiceError(f"Could not find operation {action}", code="InvalidAction")
        return _xml(
            200,
            f'<{action}Response xmlns="{NAMESPACE}"><{action}Result>{result}</{action}Result>'
            f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{action}Response>",
        )

    def render_error(self, error: ServiceError, request_id: str) -> WireReply:
        return _xml(
            error.status,
            f'<ErrorResponse xmlns="{NAMESPACE}"><Error><Type>Sender</Type><Code>{error.code}</Code>'
            f"<Message>{escape(error.text(request_id))}</Message></Error>"
            f"<RequestId>{request_id}</RequestId></ErrorResponse>",
        )


def _caller_identity(scope: SignatureScope) -> str:
    account = scope.account_region.account
    return _elements(
        {"Arn": f"arn:aws:iam::{account}:user/sandbox", "UserId": "AIDASANDBOXUSER00000", "Account": account}
    )


def _assume_role(form: Fields) -> str:
    role, session = form.get("RoleArn", ""), form.get("RoleSessionName", "")
    parts = role.split(":", 5)
    if len(parts) != 6 or not parts[4].isdigit() or len(parts[4]) != 12 or not parts[5].startswith("role/"):
        raise InvalidParameterError(f"{role} is invalid")
    if not 2 <= len(session) <= 64:
        raise InvalidParameterError("RoleSessionName must have 2 to 64 characters")
    account, name = parts[4], parts[5].rpartition("/")[2]
    ends = datetime.now(UTC) + timedelta(seconds=int(form.get("DurationSeconds", "3600")))
    credentials = {
        "AccessKeyId": role_access_key(account),
        "SecretAccessKey": "sandbox-secret",
        "SessionToken": uuid4().hex,
        "Expiration": f"{ends:%Y-%m-%dT%H:%M:%SZ}",
    }
    user = {
        "Arn": f"arn:aws:sts::{account}:assumed-role/{name}/{session}",
        "AssumedRoleId": f"AROASANDBOXROLE00000:{session}",
    }
    return f"<AssumedRoleUser>{_elements(user)}</AssumedRoleUser><Credentials>{_elements(credentials)}</Credentials>"


def _elements(fields: Fields) -> str:
    return "".join(f"<{name}>{escape(value)}</{name}>" for name, value in fields.items())


def _xml(status: int, body: str) -> WireReply:
    return WireReply(status, body.encode(), {"Content-Type": "text/xml"})
